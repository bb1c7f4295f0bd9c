import type { ButtonHTMLAttributes } from "react";
import { Link } from "wouter";

type Look = "primary" | "plain" | "quiet" | "danger";

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: Look;
  /**
   * Whether work of this button goes on: it stays focusable, and does nothing until the work ends. A button that has
   * work takes a double click for one.
   */
  busy?: boolean;
}

export function Button({ look = "plain", busy, type = "button", onClick, className, ...rest }: ButtonProps) {
  return (
    <button
      {...rest}
      type={type}
      className={`button button-${look} ${className ?? ""}`}
      aria-disabled={busy || undefined}
      onClick={(event) => {
        if (busy || (busy === false && event.detail > 1)) event.preventDefault();
        else onClick?.(event);
      }}
    />
  );
}

export function LinkButton({ to, look = "plain", children }: { to: string; look?: Look; children: React.ReactNode }) {
  return (
    <Link href={to} className={`button button-${look}`}>
      {children}
    </Link>
  );
}
