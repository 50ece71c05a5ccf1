// The ticket of a sample that was registered on this tablet: on the screen until the next sample, covered after a minute, and as
// two labels on paper. The squares of its code came from the server.

import { asRemembered } from "./labels.js";

const COVERED_MS = 60_000;
const QUIET = 2; // modules of white around the code
const SVG = "http://www.w3.org/2000/svg";

/** @typedef {import("./outbox.js").Ticket} Ticket */

/** @param {Ticket} ticket */
function code(ticket) {
  const side = ticket.size + 2 * QUIET;
  const drawn = document.createElementNS(SVG, "svg");
  drawn.setAttribute("viewBox", `0 0 ${side} ${side}`);
  drawn.setAttribute("role", "img");
  drawn.setAttribute("aria-label", "QR code of this ticket");
  drawn.setAttribute("class", "qr");
  const bits = [...ticket.qr].map((digit) => parseInt(digit, 16).toString(2).padStart(4, "0")).join("");
  let path = "";
  for (let i = 0; i < ticket.size * ticket.size; i++) {
    if (bits[i] === "1") path += `M${(i % ticket.size) + QUIET} ${Math.floor(i / ticket.size) + QUIET}h1v1h-1z`;
  }
  for (const [name, attributes] of /** @type {[string, Record<string, string>][]} */ ([
    ["rect", { width: String(side), height: String(side), fill: "#fff" }],
    ["path", { d: path, fill: "#000" }],
  ])) {
    const part = drawn.appendChild(document.createElementNS(SVG, name));
    for (const [key, value] of Object.entries(attributes)) part.setAttribute(key, value);
  }
  return drawn;
}

/** @param {string} tag @param {string} className @param {string | (Node | string)[]} [inside] */
function part(tag, className, inside = []) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...(typeof inside === "string" ? [inside] : inside));
  return made;
}

/** @param {string} text @param {() => void} press @param {boolean} [first] */
function button(text, press, first) {
  const made = part("button", `button${first ? " button--primary" : ""}`, text);
  made.setAttribute("type", "button");
  made.addEventListener("click", press);
  return made;
}

/** @param {string} typed */
const grouped = (typed) => typed.replace(/(.{4})(?=.)/g, "$1 ");

/** @param {number} at @param {boolean} [day] */
function moment(at, day) {
  const clock = new Date(at).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  return day ? `${new Date(at).toLocaleDateString("en-GB", { weekday: "short", day: "numeric", month: "short" })} ${clock}` : clock;
}

/** @param {number} seconds */
function clockWords(seconds) {
  const minutes = Math.round(Math.abs(seconds) / 60);
  return `The clock of this tablet is ${minutes} min ${seconds > 0 ? "slow" : "fast"}. Both times are saved.`;
}

/** @param {Ticket} ticket @param {string} form @returns {HTMLElement} */
function labels(ticket, form) {
  const until = `until ${moment(Date.parse(ticket.until), true)}`;
  const label = part("section", "label", [
    ...(ticket.url ? [code(ticket)] : []),
    part("div", "label__text", [part("p", "label__code", grouped(ticket.code).split(" ").map((four) => part("span", "", four))), part("p", "label__small", ticket.session), part("p", "label__small", until)]),
  ]);
  const bag = part("section", "label label--bag", [
    part("div", "label__text", [
      part("p", "label__number", ticket.label), part("p", "label__small", ticket.session),
      part("p", "label__small", `${moment(ticket.at, true)} · ${form}`),
    ]),
  ]);
  return part("div", "label-sheet", [label, bag]);
}

/** @param {Ticket} ticket @param {HTMLFormElement} form @param {number} off seconds by which the clock of this tablet is wrong */
export function showTicket(ticket, form, off) {
  for (const name of ["labels", "offline"]) {
    const style = Object.assign(document.createElement("link"), { rel: "stylesheet", href: `/static/reception/${name}.css` });
    document.head.append(style);
  }
  const typed = part("p", "kept-ticket__code", grouped(ticket.code));
  typed.id = "ticket-code";
  const secret = part("div", "kept-ticket__secret", [...(ticket.url ? [code(ticket)] : []), typed]);
  const show = button("Show the ticket again", () => cover(false));
  const cover = (/** @type {boolean} */ hide) => {
    secret.hidden = hide;
    show.hidden = !hide;
    if (!hide) setTimeout(() => cover(true), COVERED_MS);
  };
  cover(false);
  const heading = part("h1", "", `Sample ${ticket.label} is saved on this tablet`);
  heading.tabIndex = -1;
  const next = button("Done: next sample", () => location.assign(location.pathname), true);
  const main = /** @type {HTMLElement} */ (document.getElementById("main"));
  const sheet = part("div", "kept-ticket no-print", [
    heading,
    part("p", "", `Write ${ticket.label} on the bag. The sample is sent automatically once the server answers.`),
    ...(off ? [part("p", "", clockWords(off))] : []),
    secret, show,
    part("p", "muted", ticket.url ? "Shown only once. Its result page opens after the sample was sent." : "This code opens no page. The client needs it to withdraw the sample."),
    part("div", "kept-ticket__actions", [next, button("Print labels", () => print())]),
  ]);
  const looks = /** @type {HTMLInputElement | null} */ (form.querySelector("[name=form]:checked"));
  for (const there of document.querySelectorAll(".actionbar")) there.remove();
  main.replaceChildren(sheet, labels(ticket, looks?.value.replaceAll("_", " ") ?? ""));
  asRemembered();
  heading.focus();
}
