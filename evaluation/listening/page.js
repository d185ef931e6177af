"use strict";
(function () {
  const test = JSON.parse(document.getElementById("test").textContent);
  const main = document.getElementById("main");
  const place = "tunedial listening " + test.id;
  const sources = {};
  let kept = true; // does this browser keep what is answered?
  let state = load();
  let players = [];

  function load() {
    try {
      return JSON.parse(localStorage.getItem(place)) || begin();
    } catch (error) {
      return begin();
    }
  }

  function begin() {
    const drawn = crypto.getRandomValues(new Uint32Array(3));
    const session = Array.from(drawn, (n) => n.toString(16).padStart(8, "0")).join("");
    return newSession(test, drawn[0], session, new Date().toISOString());
  }

  function save() {
    try {
      localStorage.setItem(place, JSON.stringify(state));
    } catch (error) {
      kept = false;
    }
  }

  function make(tag, attributes, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else if (value === true) node.setAttribute(name, "");
      else if (value !== false) node.setAttribute(name, value);
    }
    node.append(...children);
    return node;
  }

  function sound(clip) {
    if (!sources[clip]) {
      const bytes = Uint8Array.from(atob(test.sounds[clip]), (letter) => letter.charCodeAt(0));
      sources[clip] = URL.createObjectURL(new Blob([bytes], { type: "audio/ogg" }));
    }
    return sources[clip];
  }

  /** Before the cards of the next pair are made: let go of those of the last. */
  function silence() {
    players.forEach((player) => player.audio.pause());
    players = [];
  }

  function show(...nodes) {
    main.replaceChildren(...nodes);
    window.scrollTo(0, 0);
  }

  function intro() {
    silence();
    const name = make("input", { type: "text", id: "name", maxlength: 200, autocomplete: "name" });
    name.value = state.rater;
    const start = () => {
      state.rater = name.value.trim();
      if (!state.at) state.started = new Date().toISOString();
      save();
      trial();
    };
    name.addEventListener("keydown", (event) => { if (event.key === "Enter") start(); });
    show(
      make("h1", {}, test.title),
      make("p", {}, `You will hear ${state.answers.length} pairs of short clips, each with a description of the ` +
        "music. Rate both clips, then say which one you prefer. Please use headphones in a quiet place, set the " +
        "volume once at the first clip, and listen to both clips of a pair before you judge."),
      make("p", {}, make("b", {}, "Sound quality"), ": how clear and natural it sounds, whatever the description " +
        "says. ", make("b", {}, "Fit"), ": how well it matches the description, however it sounds."),
      make("p", { class: "soft" }, "Keys: ", make("kbd", {}, "A"), " and ", make("kbd", {}, "B"),
        " play, ", make("kbd", {}, "Space"), " pauses, ", make("kbd", {}, "1"), " to ", make("kbd", {}, "5"),
        " answer and go on to the next question, ", make("kbd", {}, "Enter"), " goes to the next pair. Your answers " +
        "stay in this browser; nothing is sent. At the end you save them as a file."),
      make("label", { for: "name" }, "Your name, or a pseudonym", name),
      make("button", { onclick: start }, state.at ? `Go on at pair ${state.at + 1}` : "Start"),
    );
    name.focus();
  }

  function trial() {
    silence();
    if (state.at >= state.answers.length) return end();
    const answer = state.answers[state.at];
    const total = state.answers.length;
    const next = make("button", { id: "next", onclick: forward }, state.at + 1 < total ? "Next pair" : "Finish");
    const hint = make("span", { class: "soft", role: "status" });
    const back = make("button", { class: "quiet", disabled: !state.at, onclick: backward }, "Back");
    show(
      make("div", { class: "progress" }, `${state.at + 1} of ${total}`,
        make("progress", { value: state.at, max: total, "aria-label": "progress" })),
      make("p", { class: "soft", style: "margin:0" }, "The music should be"),
      make("h1", { id: "prompt", tabindex: -1 }, answer.prompt),
      make("div", { class: "cards" }, card("A", answer, answer.left, check), card("B", answer, answer.right, check)),
      question("choice", "Which one do you prefer?", [["left", "A"], ["tie", "no difference"], ["right", "B"]],
        answer.preferred, (value) => { answer.preferred = value; check(); }),
      make("div", { class: "foot" }, back, hint, next),
    );
    document.getElementById("prompt").focus();
    check();

    function check() {
      save();
      const lacks = missing(answer);
      next.disabled = Boolean(lacks);
      hint.textContent = {
        listen: "Listen to both clips.", rate: "Rate both clips.", choose: "Choose the one you prefer.", "": "",
      }[lacks] + (kept ? "" : " This browser does not keep answers: finish before you close the page.");
    }
  }

  function forward() {
    if (missing(state.answers[state.at])) return;
    state.at += 1;
    save();
    trial();
  }

  function backward() {
    state.at -= 1;
    save();
    trial();
  }

  function card(name, answer, clip, check) {
    const audio = new Audio(sound(clip));
    audio.preload = "auto";
    const button = make("button", { "aria-label": `Play ${name}`, title: `Play ${name} (key ${name})` }, name);
    const seek = make("input", { type: "range", min: 0, max: 1000, value: 0, "aria-label": `Position in ${name}` });
    const time = make("output", {}, "0:00");
    const node = make("section", { class: "card", "aria-label": `Clip ${name}` },
      make("div", { class: "player" }, button, seek, time),
      question(`ovl ${name}`, "Sound quality", ratings(), answer.ovl[clip],
        (value) => { answer.ovl[clip] = Number(value); check(); }, ["bad", "excellent"]),
      question(`rel ${name}`, "Fit to the description", ratings(), answer.rel[clip],
        (value) => { answer.rel[clip] = Number(value); check(); }, ["not at all", "perfectly"]));
    const player = { name, audio, node };
    players.push(player);
    button.addEventListener("click", () => toggle(player));
    seek.addEventListener("input", () => { audio.currentTime = (seek.value / 1000) * (audio.duration || 0); });
    audio.addEventListener("timeupdate", () => {
      seek.value = audio.duration ? (1000 * audio.currentTime) / audio.duration : 0;
      const seconds = Math.floor(audio.currentTime);
      time.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
      if (!answer.heard[clip] && listened(audio)) {
        answer.heard[clip] = true;
        check();
      }
    });
    audio.addEventListener("playing", mark);
    audio.addEventListener("pause", mark);
    audio.addEventListener("ended", mark);
    audio.addEventListener("error", () => {
      time.textContent = "This browser cannot play Ogg Vorbis: use Firefox, Chrome, Edge, or Safari 18.4.";
    });
    function mark() {
      node.classList.toggle("playing", !audio.paused);
      button.textContent = audio.paused ? name : "❚❚";
      button.setAttribute("aria-label", `${audio.paused ? "Play" : "Pause"} ${name}`);
    }
    return node;
  }

  /** Were three seconds of a clip played, or what there was of it to its end? */
  function listened(audio) {
    if (audio.ended) return true;
    let seconds = 0;
    for (let i = 0; i < audio.played.length; i++) seconds += audio.played.end(i) - audio.played.start(i);
    return seconds >= 3;
  }

  /** Play or pause one clip; coming from the other one, go on where that was. */
  function toggle(player) {
    if (!player.audio.paused) return player.audio.pause();
    for (const other of players) {
      if (other !== player && !other.audio.paused) {
        other.audio.pause();
        player.audio.currentTime = Math.min(other.audio.currentTime, player.audio.duration || 0);
      }
    }
    player.audio.play().catch(() => {});
  }

  function ratings() {
    return [1, 2, 3, 4, 5].map((value) => [String(value), String(value)]);
  }

  function question(name, title, choices, chosen, answered, ends) {
    const scale = make("div", { class: "scale" }, ...choices.map(([value, text]) => make("label", {},
      make("input", { type: "radio", name, value, checked: String(chosen) === value, onchange: () => answered(value) }),
      make("span", {}, text))));
    const node = make("fieldset", { class: name === "choice" ? "choice" : "rating" },
      make("legend", {}, title), scale);
    if (ends) node.append(make("div", { class: "ends" }, ...ends.map((text) => make("span", {}, text))));
    return node;
  }

  function end() {
    silence();
    if (!state.finished) state.finished = new Date().toISOString();
    save();
    const text = JSON.stringify(report(test, state), null, 1);
    const who = state.rater.replace(/[^\p{L}\p{N}]+/gu, "-").slice(0, 40) || "rater";
    const link = make("a", {
      href: URL.createObjectURL(new Blob([text], { type: "application/json" })),
      download: `answers-${who}-${state.session.slice(0, 6)}.json`,
    });
    const copy = make("textarea", { readonly: true, "aria-label": "Your answers as text" });
    copy.value = text;
    const download = make("button", { id: "download", onclick: () => link.click() }, "Save my answers");
    show(
      make("h1", {}, "Thank you."),
      make("p", {}, "Save your answers as a file, and send it to whoever gave you this page."),
      make("p", {}, download),
      make("details", {}, make("summary", {}, "Nothing was saved? Copy this text instead."), copy),
      make("p", { class: "foot" }, make("button", { class: "quiet", onclick: () => { state.finished = null; backward(); } },
        "Back to the last pair"), make("button", { class: "quiet", onclick: restart }, "Another listener")),
    );
    download.focus();
  }

  function restart() {
    if (!confirm("Have you saved your answers? They are forgotten here.")) return;
    state = begin();
    save();
    intro();
  }

  /** The number keys answer the question with the focus, or else the first open one, and go to the next. */
  function pick(number) {
    const questions = Array.from(main.querySelectorAll("fieldset"));
    const focused = document.activeElement.closest("fieldset");
    const at = focused ? questions.indexOf(focused) : questions.findIndex((one) => !one.querySelector(":checked"));
    const option = questions[at] && questions[at].querySelectorAll("input")[number - 1];
    if (!option) return;
    option.click();
    const following = questions[at + 1];
    if (following) (following.querySelector(":checked") || following.querySelector("input")).focus();
    else option.focus();
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !players.length) return;
    const key = event.key.toLowerCase();
    const named = players.find((player) => player.name.toLowerCase() === key);
    if (named) toggle(named);
    else if (key === " " && document.activeElement.tagName !== "BUTTON") {
      const playing = players.find((player) => !player.audio.paused);
      if (playing) playing.audio.pause();
      else toggle(players[0]);
    } else if (key >= "1" && key <= "5" && key.length === 1) pick(Number(key));
    else if (key === "enter" && document.activeElement.tagName !== "BUTTON") forward();
    else return;
    event.preventDefault();
  });

  intro();
})();
