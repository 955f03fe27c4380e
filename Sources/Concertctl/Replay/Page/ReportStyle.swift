/// The style sheet of the report, for wide and narrow screens, light and dark mode, and print.
enum ReportStyle {
    static let sheet = """
        :root{color-scheme:light dark;--ink:#1c1e21;--dim:#5b6270;--page:#fff;--card:#f3f4f6;--line:#d5d8de;--good:#1a7f4e;--bad:#b3261e;\
        --skip:#7a7f8a;--dead:#8a5a00;--gone:#5d0f0a}
        @media(prefers-color-scheme:dark){:root{--ink:#e8eaed;--dim:#a5abb6;--page:#15171a;--card:#20242a;--line:#3a3f47;\
        --good:#4cc38a;--bad:#ff8a80;--skip:#9aa0a6;--dead:#e0a84a;--gone:#ffd0cb}}
        *{box-sizing:border-box}body{margin:0;background:var(--page);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
        main{max-width:64rem;margin:0 auto;padding:1.5rem 1rem}h1{font-size:1.6rem;margin:0}h2{font-size:1.15rem;margin:2rem 0 .5rem}
        h3{font-size:1rem;margin:1rem 0 .25rem}p,h3,summary{overflow-wrap:anywhere}p{margin:.25rem 0}.warn{color:var(--bad);font-weight:600}
        dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(9rem,1fr));gap:.75rem;margin:1rem 0}
        dl div{background:var(--card);border-radius:.5rem;padding:.6rem .8rem}dt{color:var(--dim);font-size:.85rem}
        dd{margin:0;font-size:1.25rem;font-variant-numeric:tabular-nums}
        figure{margin:.5rem 0}svg{display:block;width:100%}svg rect{stroke:var(--page);stroke-width:1;vector-effect:non-scaling-stroke}
        .axis{display:flex;justify-content:space-between;color:var(--dim);font-size:.8rem}
        .legend span{display:inline-block;margin-right:1rem;font-size:.85rem}.legend i{display:inline-block;width:.8em;height:.8em;margin-right:.35em}
        .scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.9rem}
        th,td{text-align:left;padding:.35rem .6rem;border-bottom:1px solid var(--line);vertical-align:top}td{overflow-wrap:break-word}td:last-child:not(.n){min-width:14rem}
        th.n,td.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
        abbr{text-decoration:none;border-bottom:1px dotted var(--dim);white-space:nowrap}
        .columns{display:grid;grid-template-columns:repeat(auto-fit,minmax(16rem,1fr));gap:0 2rem}
        details{margin:.25rem 0}summary{cursor:pointer;color:var(--dim);font-size:.9rem}
        :focus-visible{outline:2px solid var(--ink);outline-offset:2px}.good{color:var(--good)}.bad{color:var(--bad)}.gone{color:var(--gone);font-weight:600}
        @media print{:root{--ink:#000;--page:#fff}.scroll{overflow:visible}section,figure,tr{break-inside:avoid}\
        details::details-content{content-visibility:visible;display:block}svg{print-color-adjust:exact}}
        """
}
