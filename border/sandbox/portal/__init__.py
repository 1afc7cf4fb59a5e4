"""The national payment platform from its own side: INIT, pay page, CONFIRM and GET_BILL."""
