import Basics
import Clients
import Foundation
import JSON
import Telemetry

/// The command that shows the stream's CloudWatch metrics.
struct StreamMetrics: Command {
    private static let since = Option<String>(
        "--since", value: "TIME", default: "1h", note: "at most 15 days",
        "start of the time range, as an age such as 30m, 3h, or 2d")
    private static let period = Option<Int?>(
        "--period", value: "SECONDS", 60...86_400, otherwise: "about 60 datapoints",
        "length of each datapoint's period, a multiple of 60")
    private static let metrics = Option<[String]?>(
        "--metric-name", value: "NAME", "metrics of the namespace AWS/Kinesis, instead of the default ones")
    private static let statistic = Option<MetricQuery.Statistic?>(
        "--statistic", otherwise: "Sum for counts, Maximum for ages", "statistic for all metrics")

    static let description = CommandDescription(
        name: "stream metrics", summary: "show the stream's CloudWatch metrics",
        discussion: """
            Shows one line per metric: the last datapoint, the total or the maximum, and a bar per datapoint, oldest first. CloudWatch receives datapoints with a delay of one or two minutes. With --output json, shows every datapoint with its time.
            """,
        options: [SharedOption.streamName, since, period, metrics, statistic, SharedOption.output] + SharedOption.aws,
        examples: [
            "concertctl stream metrics --since 3h",
            "concertctl stream metrics --metric-name IncomingRecords IncomingBytes --period 300",
            "concertctl stream metrics --output json | jq '.[] | {Metric, Datapoints: (.Datapoints | length)}'",
        ])

    /// The default metrics and their statistics.
    ///
    /// Source: <https://docs.aws.amazon.com/streams/latest/dev/monitoring-with-cloudwatch.html>
    private static let usual: [(name: String, statistic: MetricQuery.Statistic)] = [
        ("IncomingRecords", .sum), ("IncomingBytes", .sum), ("GetRecords.Records", .sum), ("GetRecords.Bytes", .sum),
        ("GetRecords.IteratorAgeMilliseconds", .maximum), ("WriteProvisionedThroughputExceeded", .sum),
        ("ReadProvisionedThroughputExceeded", .sum), ("PutRecords.ThrottledRecords", .sum),
        ("PutRecords.FailedRecords", .sum),
    ]

    /// The most datapoints that one call returns.
    private static let mostDatapoints = 1440
    private static let bars = 60

    private let seconds: Int
    private let periodSeconds: Int
    private let wanted: [(name: String, statistic: MetricQuery.Statistic)]
    private let stream: StreamReference
    private let session: AWSSession
    private let isUnicode: Bool

    init(_ input: Input) throws {
        let text = try input[Self.since]
        guard let span = Span.seconds(text), (60...1_296_000).contains(span) else {
            throw UsageError(description: "--since is \"\(text)\"; expected 1m to 15d, such as 30m, 3h, or 2d")
        }
        seconds = Int(span)
        let given = try input[Self.period]
        if let given, given % 60 != 0 || seconds / given > Self.mostDatapoints {
            throw UsageError(
                description:
                    "--period is \"\(given)\"; expected a multiple of 60, and at most \(Self.mostDatapoints) datapoints"
            )
        }
        // A whole number of minutes, and about one datapoint per bar.
        periodSeconds = given ?? max(1, (seconds + 60 * Self.bars - 1) / (60 * Self.bars)) * 60
        let statistic = try input[Self.statistic]
        let names = try input[Self.metrics]
        wanted =
            names.map { $0.map { name in (name, statistic ?? Self.statistic(of: name)) } }
            ?? Self.usual.map { ($0.name, statistic ?? $0.statistic) }
        isUnicode = Sparkline.isUnicode(input.environment)
        let stream = try StreamReference(input)
        session = try AWSSession(input)
        self.stream = try stream.checked(in: session)
    }

    private static func statistic(of name: String) -> MetricQuery.Statistic {
        usual.first { $0.name == name }?.statistic ?? (name.hasSuffix("Milliseconds") ? .maximum : .sum)
    }

    func run() async throws -> ExitStatus {
        // A stream that does not exist has no datapoints either, and must not look idle.
        _ = try await stream.summary(session)
        let periods = Self.periods(of: periodSeconds, in: seconds, until: WallClock.now())
        let (start, end) = (periods.lowerBound, periods.upperBound)
        var figures: [Figures] = []
        for metric in wanted {
            let query = MetricQuery(
                namespace: "AWS/Kinesis", metric: metric.name,
                dimensions: [MetricQuery.Dimension("StreamName", stream.name)], statistic: metric.statistic,
                period: periodSeconds, since: WallClock(millisecondsSinceEpoch: Int64(start) * 1000),
                until: WallClock(millisecondsSinceEpoch: Int64(end) * 1000))
            figures.append(Figures(query: query, datapoints: try await query.datapoints(session)))
        }
        session.show(
            text: .lines(text(figures, from: start, periods: (end - start) / periodSeconds)),
            json: .array(figures.map(\.json)))
        return .done
    }

    /// Returns the periods of the query, in seconds since the epoch.
    ///
    /// Periods begin at multiples of their length, so that two calls show the same figures. The last one contains
    /// `now`: its end, which CloudWatch leaves out, is later than `now` even when `now` begins a period.
    static func periods(of length: Int, in seconds: Int, until now: WallClock) -> Range<Int> {
        let end = (Int(now.millisecondsSinceEpoch / 1000) / length + 1) * length
        return end - (seconds + length - 1) / length * length..<end
    }

    private func text(_ figures: [Figures], from start: Int, periods: Int) -> String {
        var table = TextTable(["METRIC", "STATISTIC", ">LAST", ">TOTAL", ">HIGHEST", "OVER TIME"])
        for figure in figures {
            let bars = figure.bars(from: start, period: periodSeconds, count: periods)
            let isSum = figure.query.statistic == .sum
            table.add([
                figure.query.metric, figure.query.statistic.rawValue, figure.last, isSum ? figure.total : "",
                figure.highest,
                figure.datapoints.isEmpty ? "no datapoints" : Sparkline.text(bars, isUnicode: isUnicode),
            ])
        }
        let begin = TimestampText.text(Double(start))
        return table.text + "\n\nfrom \(begin), \(periods) periods of \(periodSeconds) s, oldest at the left"
    }
}

/// The datapoints of one metric.
private struct Figures {
    var query: MetricQuery
    var datapoints: [MetricQuery.Datapoint]

    var last: String { Self.text(datapoints.last?.value) }
    var total: String { Self.text(datapoints.isEmpty ? nil : datapoints.map(\.value).reduce(0, +)) }
    var highest: String { Self.text(datapoints.map(\.value).max()) }

    /// Returns one value per period, nil for a period without a datapoint.
    func bars(from start: Int, period: Int, count: Int) -> [Double?] {
        var bars = [Double?](repeating: nil, count: count)
        for datapoint in datapoints {
            let index = Int(datapoint.time) / period - start / period
            if bars.indices.contains(index) { bars[index] = datapoint.value }
        }
        return bars
    }

    var json: JSONValue {
        [
            "Metric": .string(query.metric), "Statistic": .string(query.statistic.rawValue),
            "Period": .integer(query.period),
            "Datapoints": .array(
                datapoints.map { ["Timestamp": .string(TimestampText.text($0.time)), "Value": .decimal($0.value)] }),
        ]
    }

    private static func text(_ value: Double?) -> String {
        guard let value else { return "-" }
        return JSONValue.decimal(value).text
    }
}
