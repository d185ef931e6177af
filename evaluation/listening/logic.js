"use strict";
// What the page decides without showing anything, so that it can be tested apart from a browser.

/** Numbers in [0, 1) from a 32-bit seed (mulberry32, Tommy Ettinger, public domain). */
function randomOf(seed) {
  let state = seed >>> 0;
  return function () {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

function shuffled(list, random) {
  const mixed = list.slice();
  for (let i = mixed.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [mixed[i], mixed[j]] = [mixed[j], mixed[i]];
  }
  return mixed;
}

/**
 * What a rater meets: every trial once, in an order drawn from `seed`, and after the first half some of its
 * trials again, with the sides changed. No repeat follows its first meeting at once, if there are others.
 */
function arrange(test, seed) {
  const random = randomOf(seed);
  const order = shuffled(test.trials, random).map(function (trial) {
    const sides = shuffled(trial.clips, random);
    return { trial: trial.id, prompt: trial.prompt, repeat: false, left: sides[0], right: sides[1] };
  });
  const half = Math.ceil(order.length / 2);
  const first = order.slice(0, half);
  const second = order.slice(half);
  const candidates = first.length > 1 ? first.slice(0, -1) : first;
  shuffled(candidates, random).slice(0, test.repeats).forEach(function (met) {
    const place = Math.floor(random() * (second.length + 1));
    second.splice(place, 0, {
      trial: met.trial, prompt: met.prompt, repeat: true, left: met.right, right: met.left,
    });
  });
  return first.concat(second);
}

/** A sitting that begins now; `seed` is of 32 bits. */
function newSession(test, seed, session, now) {
  const answers = arrange(test, seed).map(function (meeting) {
    return Object.assign({ ovl: {}, rel: {}, heard: {}, preferred: null }, meeting);
  });
  return { session: session, rater: "", started: now, finished: null, at: 0, answers: answers };
}

/** What is still to be done before the next trial: "listen", "rate" or "choose"; "" if nothing is. */
function missing(answer) {
  const clips = [answer.left, answer.right];
  if (!clips.every(function (clip) { return answer.heard[clip]; })) return "listen";
  if (!clips.every(function (clip) { return answer.ovl[clip] && answer.rel[clip]; })) return "rate";
  return answer.preferred ? "" : "choose";
}

/** The file of answers: those that are complete, under meaningless ids. */
function report(test, state) {
  const answers = state.answers.filter(function (answer) { return !missing(answer); });
  return {
    schema: 1,
    test: test.id,
    session: state.session,
    rater: state.rater,
    started: state.started,
    finished: state.finished,
    answers: answers.map(function (answer) {
      return {
        trial: answer.trial,
        repeat: answer.repeat,
        left: answer.left,
        right: answer.right,
        ovl: answer.ovl,
        rel: answer.rel,
        preferred: answer.preferred,
      };
    }),
  };
}
