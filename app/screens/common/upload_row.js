// One file in the list of uploads: its name, how far it has come, and what became of it, in words.

/** What each state is called in the row, and how many are so in the summary. */
export const WORDS = /** @type {const} */ ({
  waiting: ["waits", "waiting"],
  sending: ["being sent", "being sent"],
  offline: ["no answer yet", "to be sent again"],
  reading: ["being read", "being read"],
  done: ["read", "read"],
  taken: ["received", "received"],
  warning: ["▲ read, warnings", "read with warnings"],
  asks: ["◆ needs an answer", "waiting for your answer"],
  problem: ["■ not read", "not read"],
  unsent: ["■ not sent", "not sent"],
  cancelled: ["cancelled", "cancelled"],
  twin: ["not sent again", "not sent again"],
});
/** @typedef {keyof typeof WORDS} State */

const KINDS = /** @type {Partial<Record<State, string>>} */ ({
  offline: "warning", warning: "warning", asks: "warning", problem: "problem", unsent: "problem",
});

/** @param {number} bytes */
function size(bytes) {
  if (bytes < 1e6) return `${bytes ? Math.max(1, Math.round(bytes / 1e3)) : 0}\u00a0kB`;
  return `${(bytes / 1e6).toFixed(bytes < 1e8 ? 1 : 0)}\u00a0MB`;
}

export class Row {
  /** @param {HTMLElement} list @param {string} name @param {number | null} bytes @param {() => void} changed */
  constructor(list, name, bytes, changed) {
    this.changed = changed;
    this.item = list.appendChild(document.createElement("li"));
    const head = this.item.appendChild(document.createElement("span"));
    head.className = "uploads__name";
    head.textContent = name;
    if (bytes !== null) {
      const weight = head.appendChild(document.createElement("span"));
      weight.className = "muted num";
      weight.textContent = ` ${size(bytes)}`;
    }
    this.tag = this.item.appendChild(document.createElement("span"));
    this.does = this.item.appendChild(document.createElement("span"));
    this.does.className = "uploads__do";
    this.progress = this.item.appendChild(document.createElement("progress"));
    this.progress.max = 1;
    this.progress.value = 0;
    this.progress.setAttribute("aria-label", `Sending ${name}`);
    this.line = this.item.appendChild(document.createElement("span"));
    this.line.className = "outcome";
    this.name = name;
    /** @type {State} */
    this.state = "waiting";
    this.set("waiting", "");
  }

  /** @param {State} state @param {string} text @param {{label: string, href: string}} [link] */
  set(state, text, link) {
    const focused = this.does.contains(document.activeElement);
    this.state = state;
    this.item.dataset.state = state;
    this.tag.className = `tag tag--${KINDS[state] ?? "quiet"}`;
    this.tag.textContent = WORDS[state][0];
    this.progress.hidden = state !== "sending";
    this.line.textContent = text;
    // only a place on this page or a path on this server becomes a link
    if (link && /^(#|\/(?!\/))/.test(link.href)) {
      const anchor = document.createElement("a");
      anchor.href = link.href;
      anchor.textContent = link.label;
      this.line.append(" ", anchor);
    }
    this.does.replaceChildren();
    if (focused) { // what had the focus is gone: the row keeps the place
      this.item.tabIndex = -1;
      this.item.focus();
    }
    this.changed();
  }

  /** @param {string} verb @param {() => void} act */
  offer(verb, act) {
    const button = this.does.appendChild(document.createElement("button"));
    button.type = "button";
    button.className = "button button--small";
    button.textContent = verb;
    button.setAttribute("aria-label", `${verb}: ${this.name}`);
    button.addEventListener("click", act);
  }
}
