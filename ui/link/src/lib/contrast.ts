// Contrast of two colours by WCAG 2, and what of an app's theme can be taken.

export type Rgb = readonly [red: number, green: number, blue: number];

export const CONTRAST_MIN = 4.5;

function luminance([red, green, blue]: Rgb): number {
  const linear = (channel: number): number => {
    const share = channel / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
}

/** 1 for the same colour, 21 for black on white. */
export function contrast(one: Rgb, other: Rgb): number {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

/** Texts and what they stand on. All of them are read, so all need the contrast. */
export const PAIRS: readonly (readonly [text: string, ground: string])[] = [
  ["--text", "--page"],
  ["--text", "--surface"],
  ["--text", "--sunk"],
  ["--text", "--hover"],
  ["--muted", "--page"],
  ["--muted", "--surface"],
  ["--muted", "--sunk"],
  ["--accent", "--surface"],
  ["--accent", "--page"],
  ["--accent", "--accent-soft"],
  ["--accent-hover", "--surface"],
  ["--on-accent", "--accent"],
  ["--on-accent", "--accent-hover"],
  ["--good", "--good-soft"],
  ["--bad", "--bad-soft"],
  ["--bad", "--surface"],
  ["--wait", "--wait-soft"],
  ["--still", "--still-soft"],
];

/** The variables that an app may set besides colours. */
const FREE = ["--font", "--mono", "--round", "--round-small"];

export const THEMABLE: readonly string[] = [...new Set([...PAIRS.flat(), "--line", "--line-strong", ...FREE])];

export interface Refused {
  variable: string;
  why: "unknown" | "not-a-colour" | "contrast";
  against?: string;
  ratio?: number;
}

/**
 * Which of an app's variables can be taken. A pair that is too faint loses the colour that the app set; where it set
 * both, both, since either alone may be worse still.
 *
 * @param colourOf The colour of a variable, with the app's variables as far as they are given; null if it is none.
 */
export function admitted(variables: Record<string, string>, colourOf: (variable: string, taken: Record<string, string>) => Rgb | null): { taken: Record<string, string>; refused: Refused[] } {
  const refused: Refused[] = [];
  let taken: Record<string, string> = {};
  for (const [variable, value] of Object.entries(variables)) {
    if (!THEMABLE.includes(variable)) refused.push({ variable, why: "unknown" });
    else if (!FREE.includes(variable) && colourOf(variable, { [variable]: value }) === null) refused.push({ variable, why: "not-a-colour" });
    else taken[variable] = value;
  }
  // Taking one away may bring another pair below the line, so this goes on until all that is left stands.
  for (let changed = true; changed; ) {
    changed = false;
    for (const [text, ground] of PAIRS) {
      if (taken[text] === undefined && taken[ground] === undefined) continue;
      const [one, other] = [colourOf(text, taken), colourOf(ground, taken)];
      const ratio = one && other ? contrast(one, other) : 21;
      if (ratio >= CONTRAST_MIN) continue;
      for (const [variable, against] of [[text, ground], [ground, text]] as const) {
        if (taken[variable] === undefined) continue;
        refused.push({ variable, why: "contrast", against, ratio });
        taken = Object.fromEntries(Object.entries(taken).filter(([name]) => name !== variable));
        changed = true;
      }
    }
  }
  return { taken, refused };
}
