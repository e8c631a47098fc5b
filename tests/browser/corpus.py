"""What a hostile source, agent, or colleague may write, as payloads for one browser test.

`HIT` is what a script would do if one ran. Every address is one that must never be asked for.
The kinds are those of the OWASP filter evasion cheat sheet and of CommonMark's link and image rules.
"""

HIT = "window.__hit=(window.__hit||0)+1"
FAR = "https://far.invalid"

MARKUP = (
    f"<script>{HIT}</script>",
    f"<img src=x onerror='{HIT}'>",
    f"<img src={FAR}/pixel.png>",
    f"<svg onload='{HIT}'><a xlink:href='javascript:{HIT}'><text>x</text></a></svg>",
    f"<svg><style>@import '{FAR}/s.css';</style></svg>",
    f"<iframe src={FAR}></iframe><iframe srcdoc='<script>parent.{HIT}</script>'></iframe>",
    f"<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror={HIT}&gt;'>",
    f"<details open ontoggle='{HIT}'>open</details>",
    f"<input autofocus onfocus='{HIT}'><video src=x onerror='{HIT}'></video>",
    f"<form action={FAR}><button formaction='javascript:{HIT}'>press</button></form>",
    f"<link rel=stylesheet href={FAR}/s.css><base href={FAR}/><meta http-equiv=refresh content='0;url={FAR}'>",
    f"<a href='java&#115;cript:{HIT}'>entity</a> <a href='\x09javascript:{HIT}'>tab</a>",
    f"</title></textarea></style></script><script>{HIT}</script>",
    f"\"'><script>{HIT}</script> ' autofocus onfocus='{HIT}' x='",
    "{{constructor.constructor('window.__hit=1')()}} ${window.__hit=1} <%= 7*7 %> $t(nav.inbox) {{name}}",
)

MARKDOWN = (
    f"[a link](javascript:{HIT}) and [another](JaVaScRiPt:{HIT}) and [a third](data:text/html,<script>{HIT}</script>)",
    f"![a picture]({FAR}/p.png) and ![a second](//far.invalid/p.png 'x\" onerror=\"{HIT}')",
    f"[reference][r] and <javascript:{HIT}> and <{FAR}/auto>",
    f"**bold `code <img src=x onerror={HIT}>` _cut",
    f'[x](<javascript:{HIT}>) [y]( {FAR} "t" ) [z](vbscript:msgbox)',
    "[[b1|no such quote]] [[b1]] [[../../etc/passwd|x]] [[b1|a|b]]",
    f"[![nested]({FAR}/n.png)](javascript:{HIT})",
)

TRICKS = (
    "Paid \u202e000,01\u202c euros to \u2067the wrong\u2069 \u202dside",
    "\u202eall of this line runs the other way and never comes back",
    "zero\u200bwidth\u2060 joined \ufeff marks \u00ad and \U000e0041\U000e0042 tags",
    "Z\u0351\u036b\u0343\u036a\u0302\u036b\u033d\u034f\u0334\u0319\u0324\u031e\u0349\u035a\u032f\u031e\u0320\u034d"
    * 12,
    "\u0645\u0631\u062d\u0628\u0627 12.5 (\u05e9\u05dc\u05d5\u05dd) 300 km",
    "control \x07 \x1b[31m bell and \x85 next line \u2028 separators \u2029 end",
)

LONG = "x" * 20_000
LINE = "An endless line that never breaks: " + "\u00a0".join(["word"] * 4_000)
TITLE = f"<img src=x onerror={HIT}>\u202eeltit {FAR} " + "W" * 150
"""At most 300 characters, one of them turning the direction of what follows."""

CHART = {
    "$schema": f"{FAR}/schema.json",
    "data": {"url": f"{FAR}/data.csv"},
    "mark": {"type": "image", "href": f"javascript:{HIT}", "tooltip": True},
    "transform": [{"calculate": f"({HIT}) && datum.a", "as": "b"}],
    "params": [{"name": "p", "expr": f"(function(){{{HIT}}})()"}],
    "encoding": {
        "url": {"value": f"{FAR}/pixel.png"},
        "href": {"value": f"javascript:{HIT}"},
        "x": {"field": "a", "type": "quantitative"},
    },
}
DRAWN = {
    "data": {"values": [{"a": f"<img src=x onerror={HIT}>", "b": 1}, {"a": "\u202eturned", "b": 2}]},
    "mark": {"type": "bar", "href": f"javascript:{HIT}", "url": f"{FAR}/p.png"},
    "encoding": {
        "x": {"field": "a", "type": "nominal", "axis": {"title": f"<script>{HIT}</script>"}},
        "y": {"field": "b", "type": "quantitative"},
        "href": {"value": f"{FAR}/clicked"},
    },
}
