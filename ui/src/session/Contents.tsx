import { t } from "@/i18n";
import { useCurrentSection, type Section } from "./sections";

/** The table of contents; the section that is being read is marked. */
export function Contents({ sections, goTo }: { sections: Section[]; goTo: (section: Section) => void }) {
  const current = useCurrentSection(sections);
  return (
    <ol className="contents">
      {sections.map((section) => (
        <li key={section.id} data-depth={Math.min(2, section.depth)}>
          <button type="button" aria-current={section.id === current ? "location" : undefined} onClick={() => goTo(section)}>
            {section.title}
          </button>
        </li>
      ))}
    </ol>
  );
}

export function ContentsFold(props: Parameters<typeof Contents>[0]) {
  return (
    <details className="narrow contentsfold">
      <summary>
        <b>{t("workArea.viewer.contents")}</b>
      </summary>
      <Contents {...props} />
    </details>
  );
}
