"""The National Public Service Portal's payment platform."""
