import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { policyExplainedQuery, type Place } from "@/api/queries";
import type { PolicyExplained } from "@/api/types";
import { t } from "@/i18n";
import { strategyWord } from "@/lib/status";
import { Mark } from "./Mark";
import { Kbd, Loading, Problem } from "./States";

type Gate = PolicyExplained["gates"][number];

const sentence = (words: string) => words.charAt(0).toUpperCase() + words.slice(1);

function GateSaid({ gate }: { gate: Gate }) {
  const decided = gate.rules.at(-1);
  const silent = gate.rules.length - 1;
  return (
    <li>
      <Mark shape={gate.stops ? "stop" : "dot"} className={gate.stops ? "v-accent" : ""} />
      <div>
        <b>{t(`policy.gate.${gate.gate}.${gate.stops ? "stops" : "goes"}`)}</b>
        <p>{gate.because.join(" ")}</p>
        {decided && (
          <p className="meta">
            {t("policy.rule", { rule: sentence(decided.rule) })}
            {silent > 0 ? ` ${t("policy.silent", { count: silent })}` : ""}
          </p>
        )}
      </div>
    </li>
  );
}

/** Which rule stops a piece of work or lets it go on at each gate, and who signs it. */
export function WhyPolicy({ place }: { place: Place }) {
  const said = useQuery(policyExplainedQuery(place));
  return (
    <div>
      {said.error ? (
        <Problem what={t("policy.whyFailed")} error={said.error} retry={() => void said.refetch()} />
      ) : !said.data ? (
        <Loading words={t("policy.whyLoading")} />
      ) : (
        <>
          <p className="mt-1 text-ink-2">{t("policy.strategy", { strategy: strategyWord(said.data.strategy) })}</p>
          <ol className="gates">
            {said.data.gates.map((gate) => (
              <GateSaid gate={gate} key={gate.gate} />
            ))}
          </ol>
          <p className="mt-2">
            {t("policy.signatures", { count: said.data.signing.quorum })}
            {said.data.signing.separate_duties ? ` ${t("policy.separate")}` : ""}
          </p>
          <p className="text-ink-2">{said.data.risk.because.join(" ")}</p>
          <p className="meta mt-2">
            {said.data.policy.version === 0 ? t("policy.never") : t("policy.versionOf", { n: said.data.policy.version })}{" "}
            <Link className="link" to="/projects/$projectId/policy" params={{ projectId: place.projectId }}>
              {t("policy.open")}
            </Link>
          </p>
        </>
      )}
    </div>
  );
}

/** The same beside the evidence of a review. */
export function WhyPanel({ place, onClose }: { place: Place; onClose: () => void }) {
  return (
    <section className="ev" aria-label={t("policy.why")}>
      <div className="between">
        <h2 className="h3">{t("policy.why")}</h2>
        <button type="button" className="b small" onClick={onClose}>
          {t("action.close")} <Kbd>Esc</Kbd>
        </button>
      </div>
      <WhyPolicy place={place} />
    </section>
  );
}
