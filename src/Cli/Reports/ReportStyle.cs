namespace MmMamba.Cli.Reports;

/// <summary>The page's styles. Colours have a light and a dark value each; series are told apart by place and name, too.</summary>
static class ReportStyle
{
    public const string Css =
        """

        :root {
          --page: #f6f6f3; --card: #ffffff; --ink: #1d1f21; --soft: #62666b; --rule: #e1e1db;
          --series0: #3b4d61; --series1: #b07a1e; --series2: #0b7a6f; --series3: #8a4f9e; --warning: #a8321f; --warning-card: #fdf1ee;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --page: #15171a; --card: #1d2024; --ink: #e8e6e1; --soft: #9a9fa6; --rule: #33373d;
            --series0: #a9bdd3; --series1: #e0ac52; --series2: #46c4b4; --series3: #c79ad6; --warning: #f08f7c; --warning-card: #2c1e1b;
          }
        }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; }
        main { max-width: 1000px; margin: 0 auto; padding: 40px 20px 64px; }
        h1 { font-size: 27px; line-height: 1.25; margin: 0; letter-spacing: -0.01em; overflow-wrap: anywhere; }
        h2 { font-size: 17px; margin: 0 0 14px; }
        .summary { color: var(--soft); margin: 6px 0 0; overflow-wrap: anywhere; }
        section { background: var(--card); border: 1px solid var(--rule); border-radius: 10px; padding: 22px 24px; margin-top: 20px; }
        .warning { background: var(--warning-card); border-color: var(--warning); }
        .warning h2 { color: var(--warning); margin-bottom: 6px; }
        .warning ul { margin: 0; padding-left: 20px; }
        .tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 14px 28px; margin-bottom: 26px; padding-bottom: 22px; border-bottom: 1px solid var(--rule); }
        .tile { display: flex; flex-direction: column; border-left: 3px solid var(--rule); padding-left: 12px; min-width: 0; }
        .tile .name { color: var(--soft); font-size: 13px; overflow-wrap: anywhere; }
        .tile .value { font-size: 28px; line-height: 1.25; font-weight: 600; font-variant-numeric: tabular-nums; }
        .tile .value small { font-size: 15px; font-weight: 400; color: var(--soft); margin-left: 2px; }
        .tile .below { color: var(--soft); font-size: 12.5px; }
        .tile.lead { border-left-color: var(--ink); }
        .series0 { --series: var(--series0); } .series1 { --series: var(--series1); }
        .series2 { --series: var(--series2); } .series3 { --series: var(--series3); }
        .tile[class*="series"] { border-left-color: var(--series); }
        figure { margin: 0; }
        figcaption { font-weight: 600; margin-bottom: 6px; overflow-wrap: anywhere; }
        figcaption small { font-weight: 400; color: var(--soft); margin-left: 6px; font-size: 13px; }
        .legend { display: flex; flex-wrap: wrap; gap: 4px 20px; font-weight: 400; font-size: 13px; color: var(--soft); }
        .legend i { display: inline-block; width: 10px; height: 10px; border-radius: 50%; background: var(--series); margin-right: 7px; }
        .legend .chance i { width: 2px; height: 13px; border-radius: 0; background: var(--soft); vertical-align: -2px; }
        svg { display: block; width: 100%; height: auto; }
        svg text { font: 12px system-ui, -apple-system, "Segoe UI", sans-serif; fill: var(--soft); font-variant-numeric: tabular-nums; }
        svg .kind { fill: var(--ink); font-size: 13px; }
        svg .middle { text-anchor: middle; } svg .end { text-anchor: end; }
        svg .grid { stroke: var(--rule); stroke-width: 1; }
        svg line.chance { stroke: var(--soft); stroke-width: 2; stroke-dasharray: 3 2; }
        svg g line { stroke: var(--series); stroke-width: 2; } svg g circle { fill: var(--series); stroke: var(--card); stroke-width: 1.5; }
        svg .band { fill: var(--series2); opacity: 0.18; }
        svg .line { fill: none; stroke: var(--series2); stroke-width: 1.8; stroke-linejoin: round; }
        svg .rate, svg .norm { fill: none; stroke: var(--soft); stroke-width: 1.2; } svg .norm { stroke: var(--series1); }
        .curves { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(400px, 100%), 1fr)); gap: 26px 32px; }
        .scroll { overflow-x: auto; }
        table { border-collapse: collapse; width: 100%; margin-top: 18px; font-variant-numeric: tabular-nums; }
        th, td { text-align: left; padding: 8px 14px 8px 0; border-bottom: 1px solid var(--rule); vertical-align: top; font-weight: 400; }
        th:last-child, td:last-child { padding-right: 0; }
        thead th { color: var(--soft); font-size: 13px; }
        .number { text-align: right; white-space: nowrap; }
        td small { display: block; color: var(--soft); font-size: 12px; line-height: 1.35; }
        tfoot th, tfoot td { font-weight: 600; border-bottom: 0; } tfoot small { font-weight: 400; }
        .note { color: var(--soft); font-size: 13px; margin: 14px 0 0; }
        pre { margin: 0; font: 12.5px/1.5 ui-monospace, "SF Mono", Consolas, "DejaVu Sans Mono", monospace; }
        .command { background: var(--page); border-radius: 6px; padding: 10px 14px; white-space: pre-wrap; overflow-wrap: anywhere; }
        dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(260px, 1fr)); gap: 10px 28px; margin: 18px 0 0; }
        dt { color: var(--soft); font-size: 13px; } dd { margin: 0; overflow-wrap: anywhere; }
        .chain code { font: 12.5px ui-monospace, "SF Mono", Consolas, "DejaVu Sans Mono", monospace; }
        @media (max-width: 600px) { main { padding: 24px 10px 40px; } section { padding: 16px 14px; } th, td { padding-right: 10px; } }
        @media print { body { background: none; } section { break-inside: avoid; } }

        """;
}
