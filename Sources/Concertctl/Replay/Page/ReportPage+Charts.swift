import Foundation
import Processor

/// Charts.
extension ReportPage {
    private static let colours: [BatchReport.Disposition: String] = [
        .processed: "good", .skipped: "skip", .deadLettered: "dead", .failed: "bad",
    ]

    private static func colour(of ending: BatchReport.Disposition) -> String { colours[ending] ?? "skip" }

    var outcomes: String {
        let total = Double(max(1, report.records))
        var x = 0.0
        var bars = ""
        for ending in BatchReport.Disposition.allCases {
            let count = report.byOutcome[ending, default: 0]
            let width = 1000 * Double(count) / total
            if count > 0 {
                // Wide enough to be visible.
                bars += Markup.rectangle(
                    x: min(x, 996), y: 0, width: max(4, width), height: 28, colour: Self.colour(of: ending),
                    title: "\(ending.label): \(count)")
            }
            x += width
        }
        let endings = BatchReport.Disposition.allCases.map { ending in
            [
                "<span class=\"legend\"><i style=\"background:var(--\(Self.colour(of: ending)))\"></i></span>\(ending.label)",
                "\(report.byOutcome[ending, default: 0])",
            ]
        }
        let kinds = report.kindCounts.map { [$0.name, "\($0.count)"] }
        return Markup.figure("Records by outcome", height: 28, bars)
            + "<div class=\"columns\">\(Markup.table("Records by outcome", ["outcome", "#records"], endings))"
            + "\(Markup.table("Records by kind", ["kind", "#records"], kinds))</div>"
    }

    /// The outcomes of delivered records, in sixty intervals.
    var timeline: String {
        guard let end = report.invocations.map(\.time).max(), end > 0 else { return "" }
        let parts = 60
        var columns = [[BatchReport.Disposition: Int]](repeating: [:], count: parts)
        for invocation in report.invocations {
            let part = min(parts - 1, Int(invocation.time / end * Double(parts)))
            columns[part].merge(invocation.byOutcome, uniquingKeysWith: +)
        }
        let most = Double(max(1, columns.map { $0.values.reduce(0, +) }.max() ?? 1))
        let width = 1000 / Double(parts)
        var bars = ""
        for (index, column) in columns.enumerated() {
            var y = 140.0
            for ending in BatchReport.Disposition.allCases {
                guard let count = column[ending], count > 0 else { continue }
                let height = max(2, 136 * Double(count) / most)
                y -= height
                bars += Markup.rectangle(
                    x: Double(index) * width, y: y, width: width, height: height, colour: Self.colour(of: ending),
                    title:
                        "\(ending.label): \(count), until \(Markup.milliseconds(end * Double(index + 1) / Double(parts)))"
                )
            }
        }
        let step = Markup.milliseconds(end / Double(parts))
        return Markup.figure(
            "Records of each sixtieth of the time, by outcome", height: 140, bars,
            top: "\(Markup.counted(Int(most), "record")) in \(step), including retries",
            axis: ["start", Markup.milliseconds(end)])
    }

    /// The distribution of latencies, on a logarithmic scale.
    var latency: String {
        func bucket(_ value: Double) -> Int { Int(log2(max(value, 0.001) * 1000).rounded(.down)) }
        func start(of bucket: Int) -> String { Markup.milliseconds(pow(2, Double(bucket)) / 1000) }
        var counts: [Int: Int] = [:]
        for invocation in report.invocations { counts[bucket(invocation.latency), default: 0] += 1 }
        guard let low = counts.keys.min(), let high = counts.keys.max() else { return "" }
        let most = counts.values.max() ?? 1
        let width = 1000 / Double(high - low + 1)
        let bars = (low...high).map { bucket in
            let count = counts[bucket, default: 0]
            let height = 136 * Double(count) / Double(most)
            return Markup.rectangle(
                x: Double(bucket - low) * width, y: 140 - height, width: width, height: height, colour: "good",
                title: "\(start(of: bucket)) to \(start(of: bucket + 1)): \(count)")
        }
        let shares = report.latencies.reported.map { "\($0.name) \(Markup.milliseconds($0.value))" }
        return "<p>\(shares.joined(separator: ", "))</p>"
            + Markup.figure(
                "Invocations by latency", height: 140, bars.joined(), top: Markup.counted(most, "invocation"),
                axis: [start(of: low), start(of: (low + high + 1) / 2), start(of: high + 1)])
    }
}
