"""An agent of your own that drives a Proofroom session over HTTP. Python's standard library only.

    python agent.py --project PROJECT_ID --task "What was the closest approach?"
    python agent.py --project PROJECT_ID --session SESSION_ID      # goes on with one that is there

PROOFROOM_URL is the server (http://127.0.0.1:8787), PROOFROOM_KEY an API key, not needed on a loopback address.

`think` stands where your model would be called: it takes the sentence that shares the most words with the task. All
the rest is what a real agent needs. Events have fixed ids, so the program can be killed at any moment and started
again with --session: what it had posted is not posted twice.
"""

import argparse
import json
import os
import re
import sys
import time
import urllib.error
import urllib.request
import uuid

URL = os.environ.get("PROOFROOM_URL", "http://127.0.0.1:8787")
KEY = os.environ.get("PROOFROOM_KEY")
ENDS = ("completed", "rejected", "expired", "failed", "cancelled")


class Refused(Exception):
    """The server's answer was a problem: {code, detail, hint, field?}."""

    def __init__(self, problem):
        super().__init__(f"{problem['code']}: {problem['detail']} {problem.get('hint') or ''}".rstrip())
        self.code = problem["code"]


def call(method, path, body=None):
    """One request. A server that is away is asked again, and does nothing twice: events have ids of their own, and for
    the rest there is the Idempotency-Key."""
    data = None if body is None else json.dumps(body).encode()
    headers = {} if method == "GET" else {"Idempotency-Key": uuid.uuid4().hex}
    for attempt in range(30):
        request = urllib.request.Request(f"{URL}/api{path}", data=data, method=method, headers=headers)
        if data is not None:
            request.add_header("Content-Type", "application/json")
        if KEY:
            request.add_header("Authorization", f"Bearer {KEY}")
        try:
            with urllib.request.urlopen(request, timeout=90) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            problem = json.load(error)
            if error.code != 503:
                raise Refused(problem) from None
        except OSError:  # no connection, or it broke
            if attempt == 29:
                raise
        time.sleep(1)
    raise SystemExit("The server stays busy.")


def sentences(text):
    return [
        s.strip() for s in re.split(r"(?<=[.!?])\s+", text) if s.strip() and "[[" not in s and "]]" not in s
    ]


def think(question, passages):
    """(alias, sentence) that shares the most words with the question; None when nothing does. Your model goes here."""
    wanted = set(re.findall(r"\w{4,}", question.lower()))
    best, most = None, 0
    for passage in passages:
        for sentence in sentences(passage["text"]):
            shared = len(wanted & set(re.findall(r"\w{4,}", sentence.lower())))
            if shared > most:
                best, most = (passage["alias"], sentence), shared
    return best


def cited(found):
    alias, sentence = found
    return f"{sentence} [[{alias}|{sentence}]]"


def finding(event_id, title, lines):
    return {
        "id": event_id,
        "type": "artifact",
        "slot": "finding",
        "artifact_type": "research_finding",
        "title": title,
        "markdown": "\n\n".join(lines),
    }


class Agent:
    def __init__(self, session):
        self.session = session
        self.leg = 0

    def post(self, *events):
        """Posts a batch. With `stopped` in the answer, a person decides first."""
        answer = call("POST", f"{self.session}/agent-events", {"leg": self.leg, "events": list(events)})
        if answer["stopped"]:
            print("stopped for a person:", ", ".join(answer["stopped"]["reasons"]), flush=True)
        return answer

    def run(self):
        """Hears what is decided and works when it is its turn, until the session has ended."""
        cursor, last = "", None
        while True:
            news = call("GET", f"{self.session}/decisions?wait=30{cursor}")
            cursor = f"&cursor={news['next_cursor']}"
            for item in news["items"]:
                why = (item.get("failure") or {}).get("message", "")
                print("heard:", item["type"], why, flush=True)
                last = item
            if last is None or not news["items"]:
                continue
            if last["type"] in ENDS and news["status"] in ("completed", "failed", "cancelled"):
                return last
            if news["status"] == "in_progress" and last.get("leg") == news["leg"]:
                self.leg = last["leg"]
                try:
                    self.work(call("GET", f"{self.session}/agent-turn"))
                except Refused as refused:
                    if refused.code not in (
                        "stale_leg",
                        "waiting_for_review",
                        "leg_not_ready",
                        "wrong_status",
                    ):
                        raise
                    print(
                        "too late:", refused.code, flush=True
                    )  # what is to be done now is among the decisions

    def work(self, turn):
        if turn["iteration"] == 1:
            self.first_round(turn)
        else:
            self.answer_changes(turn)

    def first_round(self, turn):
        """A plan, a finding with its citation, a question; and when that is answered, the end of the round."""
        found = think(turn["task"], turn["envelope"]["blocks"])
        if found is None:
            gaps = ["No passage speaks of it."]
            self.post({"id": "none", "type": "done", "summary": "Nothing was found.", "gaps": gaps})
            return
        answer = self.post(
            {"id": "plan", "type": "plan", "steps": [{"title": "Find a sentence"}, {"title": "Ask"}]},
            {
                "id": "reading",
                "type": "said",
                "text": f"I was given {len(turn['envelope']['blocks'])} passages.",
            },
            {"id": "half", "type": "progress", "done": 1, "total": 2, "label": "read"},
            finding("finding-1", turn["task"][:300], [cited(found)]),
            {"id": "usage-1", "type": "usage", "model": "none", "tokens_in": 0, "tokens_out": 0},
            {
                "id": "question",
                "type": "question",
                "question": "Is one sentence enough?",
                "form": {"type": "object", "properties": {"enough": {"type": "boolean"}}},
            },
        )
        if answer["stopped"]:
            return
        enough = answer["events"][-1]["result"]["answers"].get("enough")
        said = "One sentence was enough." if enough else "You wanted more than one sentence."
        self.post({"id": "done-1", "type": "done", "summary": said})

    def answer_changes(self, turn):
        """What was written before, and for each change that was asked for a sentence that speaks of it."""
        n = turn["iteration"]
        asked = [o["comment"] for o in turn["obligations"]]
        searches = [
            {
                "id": f"look-{n}-{i}",
                "type": "tool_call",
                "tool": "search_context",
                "arguments": {"query": comment[:1000], "k": 5},
            }
            for i, comment in enumerate(asked)
        ]
        answers = self.post(*searches)["events"]
        lines = [cited(found) for found in [think(turn["task"], turn["envelope"]["blocks"])] if found]
        for comment, found in zip(asked, answers, strict=True):
            more = think(comment, found["result"]["items"])
            if more and cited(more) not in lines:
                lines.append(cited(more))
        self.post(
            finding(f"finding-{n}", turn["task"][:300], lines),
            {"id": f"done-{n}", "type": "done", "summary": f"I looked into {len(asked)} changes."},
        )


def main():
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--project", required=True)
    options.add_argument("--task")
    options.add_argument("--session")
    options.add_argument("--strategy", default="final_only")
    given = options.parse_args()
    sessions = f"/projects/{given.project}/work-sessions"
    if given.session is None:
        if not given.task:
            options.error("give --task or --session")
        request = {
            "agent_type": "research",
            "task_description": given.task,
            "runtime": "external",
            "approval_strategy": given.strategy,
        }
        given.session = call("POST", sessions, request)["id"]
        print("session:", given.session, flush=True)
    session = f"{sessions}/{given.session}"
    if call("GET", session)["status"] == "initialized":
        call("POST", f"{session}/execute")
    end = Agent(session).run()
    print("ended:", end["type"], flush=True)
    return 0 if end["type"] == "completed" else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Refused as refused:
        sys.exit(str(refused))
