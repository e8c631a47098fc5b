import { t } from "@/i18n";
import { setDensity, setTheme, useDensity, useTheme, type Density, type Theme } from "@/lib/theme";
import { zoneHere } from "@/overview/range";

const THEMES: Theme[] = ["light", "dark", "system"];
const DENSITIES: Density[] = ["calm", "dense"];

export function Appearance() {
  const theme = useTheme();
  const density = useDensity();
  const still = typeof matchMedia === "function" && matchMedia("(prefers-reduced-motion: reduce)").matches;
  return (
    <>
      <p className="text-ink-2">{t("appearance.words")}</p>
      <div className="form mt-4">
        <div className="field">
          <span className="label">{t("appearance.colours")}</span>
          <div>
            <span className="seg" role="radiogroup" aria-label={t("appearance.colours")}>
              {THEMES.map((one) => (
                <label key={one}>
                  <input type="radio" name="theme" checked={theme === one} onChange={() => setTheme(one)} />
                  {t(`theme.${one}`)}
                </label>
              ))}
            </span>
          </div>
        </div>
        <div className="field">
          <span className="label">{t("appearance.density")}</span>
          <div>
            <span className="seg" role="radiogroup" aria-label={t("appearance.density")}>
              {DENSITIES.map((one) => (
                <label key={one}>
                  <input type="radio" name="density" checked={density === one} onChange={() => setDensity(one)} />
                  {t(`appearance.densities.${one}`)}
                </label>
              ))}
            </span>
            <div className="help">{t("appearance.densityHelp")}</div>
          </div>
        </div>
        <div className="field">
          <span className="label">{t("appearance.motion")}</span>
          <p className="pt-1.5 text-ink-2">{t(still ? "appearance.motionOn" : "appearance.motionOff")}</p>
        </div>
        <div className="field">
          <span className="label">{t("appearance.zone")}</span>
          <p className="pt-1.5 text-ink-2">{t("appearance.zoneWords", { zone: zoneHere() })}</p>
        </div>
      </div>
    </>
  );
}
