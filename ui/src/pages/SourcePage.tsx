export function SourcePage() { return <main className="screen" />; }
