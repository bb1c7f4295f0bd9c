// The app's theme, laid over ours: the mode, and those of its colours that can be read.
import type { Theme } from "../../../../sdk/js/link/src/types";
import { admitted, type Refused, type Rgb } from "./contrast";

/** Sets the theme. What is refused is told in the console, where its developer looks. */
export function applyTheme(theme: Theme | undefined, root: HTMLElement = document.documentElement): Refused[] {
  root.dataset.theme = theme?.mode ?? "system";
  const variables = theme?.variables ?? {};
  const refused = new Map<string, Refused>();
  let taken = variables;
  // A value may be another one in the dark: it has to be readable in each mode that may be shown.
  const modes = theme?.mode === "light" || theme?.mode === "dark" ? [theme.mode] : (["light", "dark"] as const);
  for (const mode of modes) {
    const result = admitted(taken, (variable, values) => colourOf(variable, values, mode, root));
    taken = result.taken;
    for (const it of result.refused) refused.set(it.variable, it);
  }
  for (const [variable, value] of Object.entries(taken)) root.style.setProperty(variable, value);
  for (const it of refused.values()) console.warn(words(it));
  return [...refused.values()];
}

function words({ variable, why, against, ratio }: Refused): string {
  if (why === "unknown") return `CRM Link: the theme has no variable ${variable}`;
  if (why === "not-a-colour") return `CRM Link: the value of ${variable} is no colour; the default is used`;
  return `CRM Link: ${variable} and ${against ?? ""} have a contrast of ${(ratio ?? 0).toFixed(2)}:1, below 4.5:1; the default colour of ${variable} is used`;
}

/** What the browser makes of a variable: it knows every notation, and `light-dark()`. */
function colourOf(variable: string, values: Record<string, string>, mode: "light" | "dark", root: HTMLElement): Rgb | null {
  const probe = document.createElement("span");
  probe.style.colorScheme = mode;
  for (const [name, value] of Object.entries(values)) probe.style.setProperty(name, value);
  // Variables resolve where they are declared, so those of the root, which follow its own mode, are declared here again.
  const own = values[variable] ?? getComputedStyle(root).getPropertyValue(variable);
  probe.style.setProperty("color", "rgb(1, 2, 3)");
  const before = probe.style.color;
  probe.style.setProperty("color", own);
  if (probe.style.color === before && own.replace(/\s/g, "") !== "rgb(1,2,3)") return null;
  root.append(probe);
  const computed = getComputedStyle(probe).color;
  probe.remove();
  return pixel(computed);
}

function pixel(colour: string): Rgb | null {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) return null;
  context.fillStyle = colour;
  context.fillRect(0, 0, 1, 1);
  const [red = 0, green = 0, blue = 0, alpha = 0] = context.getImageData(0, 0, 1, 1).data;
  // What shows through has no contrast of its own.
  return alpha < 255 ? null : [red, green, blue];
}
