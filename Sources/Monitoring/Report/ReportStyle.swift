/// The style of a report: light and dark as the reader's system is, one column on a phone, black on
/// white on paper.
enum ReportStyle {
    static let css = """
        :root{color-scheme:light dark;--page:#fbfbfa;--card:#fff;--ink:#1d2125;--soft:#5c6670;
        --line:#e1e4e8;--own:#2563c9;--raw:#a9c4ee;--other:#c2570c;--good:#1a7f37;--bad:#c0272d}
        @media (prefers-color-scheme:dark){:root{--page:#15181c;--card:#1d2126;--ink:#e6e9ec;
        --soft:#9aa4ae;--line:#343b43;--own:#6ea8ff;--raw:#35527f;--other:#f0954a;--good:#4cc26a;
        --bad:#ff7b72}}
        *{box-sizing:border-box}
        body{margin:0 auto;padding:1.5rem 1rem 3rem;max-width:70rem;background:var(--page);
        color:var(--ink);font:16px/1.5 system-ui,sans-serif}
        h1{font-size:1.6rem;margin:0;overflow-wrap:anywhere}
        h2{font-size:1.15rem;margin:2.2rem 0 .8rem}
        h3{font-size:1rem;margin:0}
        p{margin:.4rem 0}
        .soft,figcaption,dt{color:var(--soft)}
        .tiles,.charts{display:grid;gap:1rem;grid-template-columns:repeat(auto-fit,minmax(9rem,1fr))}
        .charts{grid-template-columns:repeat(auto-fit,minmax(min(100%,28rem),1fr))}
        .tile,figure,.box{background:var(--card);border:1px solid var(--line);border-radius:.6rem;
        padding:.8rem 1rem;margin:0}
        .tile b{display:block;font-size:1.35rem;font-weight:600;overflow-wrap:anywhere}
        .verdicts{list-style:none;padding:0;margin:1rem 0}
        .verdicts li{padding:.2rem 0 .2rem 1.5rem;position:relative;overflow-wrap:anywhere}
        .verdicts li::before{position:absolute;left:0;content:"\u{2022}";color:var(--soft)}
        .verdicts .good::before{content:"\u{2713}";color:var(--good)}
        .verdicts .bad::before{content:"!";color:var(--bad);font-weight:700;left:.3rem}
        .verdicts li:first-child{font-size:1.25rem;font-weight:600;padding-left:1.8rem}
        .bar{display:inline-block;width:8rem;height:.5rem;margin-right:.5rem;background:var(--line);
        border-radius:3px;overflow:hidden}
        .bar i{display:block;height:100%;background:var(--own)}
        figcaption{font-size:.9rem}
        svg{display:block;width:100%;height:auto;margin:.4rem 0}
        svg text{font:13px system-ui,sans-serif;fill:var(--soft)}
        svg .unit{font-size:11px}
        .grid{stroke:var(--line)}.axis{stroke:var(--soft)}
        polyline{fill:none;stroke-width:2;stroke-linejoin:round;vector-effect:non-scaling-stroke}
        polyline.raw{stroke:var(--raw);stroke-width:1}polyline.own{stroke:var(--own)}
        polyline.other{stroke:var(--other)}circle.own{fill:var(--own)}circle.other{fill:var(--other)}
        circle.raw{fill:var(--raw)}
        .legend{display:flex;flex-wrap:wrap;gap:.2rem 1rem;font-size:.85rem;color:var(--soft)}
        .legend i{display:inline-block;width:1.1rem;height:.2rem;border-radius:1px;margin-right:.4rem;
        vertical-align:middle}
        i.raw{background:var(--raw)}i.own{background:var(--own)}i.other{background:var(--other)}
        dl{display:grid;grid-template-columns:minmax(7rem,max-content) 1fr;gap:.25rem 1rem;margin:0}
        dd{margin:0;overflow-wrap:anywhere}
        pre{margin:.3rem 0 0;white-space:pre-wrap;overflow-wrap:anywhere;
        font:14px/1.5 ui-monospace,monospace;unicode-bidi:isolate}
        .box+.box{margin-top:1rem}
        mark{background:none;color:var(--soft)}
        table{border-collapse:collapse;width:100%}.wide{overflow-x:auto}
        td,th{text-align:left;padding:.3rem .8rem .3rem 0;border-bottom:1px solid var(--line)}
        @media (max-width:30rem){dl{grid-template-columns:1fr}dd{margin-bottom:.5rem}
        body{padding:1rem .7rem 2rem}}
        @media print{:root{color-scheme:light}figure,.box,.tile{break-inside:avoid}}
        """
}
