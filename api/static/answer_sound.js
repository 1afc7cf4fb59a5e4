// A sound and a shake for each answer, for those who look at the truck and not at the screen. Off
// until somebody asks for it.

const TONES = { admitted: [[880, 0.12], [1320, 0.18]], recorded: [[880, 0.15]], refused: [[220, 0.5]] };
const SHAKES = { admitted: [80], recorded: [80], refused: [200, 80, 200] };

function play(tones) {
  const context = new AudioContext();
  let at = context.currentTime;
  for (const [frequency, seconds] of tones) {
    const tone = context.createOscillator();
    tone.frequency.value = frequency;
    tone.connect(context.destination);
    tone.start(at);
    tone.stop((at += seconds));
  }
  setTimeout(() => context.close(), 1500);
}

export function answerSound() {
  const choice = document.querySelector("[data-sound-choice]");
  const box = document.querySelector("[data-sound]");
  if (!choice) return () => {};
  choice.hidden = false;
  box.checked = localStorage.getItem("scanner.sound") === "on";
  box.addEventListener("change", () => localStorage.setItem("scanner.sound", box.checked ? "on" : "off"));
  return (verdict) => {
    if (!box.checked) return;
    play(TONES[verdict] ?? TONES.refused);
    navigator.vibrate?.(SHAKES[verdict] ?? SHAKES.refused);
  };
}
