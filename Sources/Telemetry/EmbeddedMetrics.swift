import JSON

/// Lines in CloudWatch's embedded metric format: log lines that CloudWatch turns into metrics, at no extra call.
///
/// All lines of one kind are the same but for their figures, so the rest is put together once.
///
/// Source: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>
public struct EmbeddedMetrics: Sendable {
    /// What a figure is counted in, as CloudWatch spells it.
    public enum Unit: String, Sendable {
        case count = "Count"
        case bytes = "Bytes"
        case milliseconds = "Milliseconds"
        case seconds = "Seconds"
        case none = "None"
    }

    /// Where in ``texts`` a figure's parts stand.
    private struct Figure: Sendable {
        /// Its key behind other members, `,"Records":`.
        var key: Range<Int>
        /// Its definition, `{"Name":"Records","Unit":"Count"}`.
        var definition: Range<Int>
    }

    /// Everything between the time and the metrics' definitions.
    private let directive: [UInt8]
    /// Everything between the definitions and the line's timestamp.
    private let dimensions: [UInt8]
    private let figures: [Figure]
    private let texts: [UInt8]
    /// Everything between the time and the timestamp in the last line, and which figures that one told, a bit each.
    private var middle: (included: UInt64, text: [UInt8]) = (0, [])
    /// The last line's timestamp, and everything between it and the request's ID; its second, nil before the first line.
    private var timestamp: (second: Int64?, text: [UInt8]) = (nil, [])

    /// - Parameters:
    ///   - dimensions: Names and values, none of them empty, which CloudWatch would refuse.
    ///   - figures: Names and units of what each line tells, in order; 64 at most.
    ///   - level: The configured level, which each line names: Lambda drops JSON lines below that level, and takes a
    ///     line without a level and a timestamp for one at INFO.
    ///     Source: <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html>
    public init(
        namespace: String, dimensions: KeyValuePairs<String, String>, figures: KeyValuePairs<String, Unit>,
        level: Logger.Level = .info
    ) {
        var directive = Array(#","CloudWatchMetrics":[{"Namespace":"#.utf8)
        Self.append(json: namespace, to: &directive)
        directive.append(ascii: #","Dimensions":[["#)
        var members = Array("]}]}".utf8)
        for (name, value) in dimensions {
            if directive.last != UInt8(ascii: "[") { directive.append(UInt8(ascii: ",")) }
            Self.append(json: name, to: &directive)
            members.append(UInt8(ascii: ","))
            Self.append(json: name, to: &members)
            members.append(UInt8(ascii: ":"))
            Self.append(json: value, to: &members)
        }
        directive.append(ascii: #"]],"Metrics":["#)
        members.append(ascii: #","level":""#)
        members.append(utf8: level.name)
        members.append(ascii: #"","timestamp":""#)
        (self.directive, self.dimensions) = (directive, members)
        var (texts, made): ([UInt8], [Figure]) = ([], [])
        texts.reserveCapacity(1024)
        made.reserveCapacity(figures.count)
        for (name, unit) in figures {
            let start = texts.count
            texts.append(UInt8(ascii: ","))
            Self.append(json: name, to: &texts)
            texts.append(UInt8(ascii: ":"))
            let end = texts.count
            texts.append(ascii: #"{"Name":"#)
            Self.append(json: name, to: &texts)
            texts.append(ascii: #","Unit":""#)
            texts.append(utf8: unit.rawValue)
            texts.append(ascii: #""}"#)
            made.append(Figure(key: start..<end, definition: end..<texts.count))
        }
        (self.texts, self.figures) = (texts, made)
    }

    private static func append(json text: String, to bytes: inout [UInt8]) {
        var writer = JSONWriter(appendingTo: bytes)
        bytes = []
        writer.string(text)
        bytes = writer.bytes
    }

    /// Appends the line, newline included.
    ///
    /// - Parameters:
    ///   - requestID: Stands beside the figures, for searching; it is no dimension.
    ///   - values: One for each figure; what has no finite value is left out, since CloudWatch would refuse the line.
    public mutating func append(to line: inout [UInt8], at time: WallClock, requestID: String, _ values: Span<Double?>)
    {
        var writer = JSONWriter(appendingTo: line)
        line = []
        writer.verbatim(#"{"_aws":{"Timestamp":"#)
        writer.digits(UInt64(clamping: time.millisecondsSinceEpoch))
        prepareMiddle(of: values)
        writer.verbatim(middle.text.span)
        prepareTimestamp(of: time)
        writer.verbatim(timestamp.text.span)
        writer.string(requestID)
        let texts = texts.span
        for index in figures.indices {
            guard let value = values[index], value.isFinite else { continue }
            writer.verbatim(texts.extracting(figures[index].key))
            writer.number(value)
        }
        writer.verbatim("}\n")
        line = writer.bytes
    }

    /// Two invocations are mostly within the same second.
    private mutating func prepareTimestamp(of time: WallClock) {
        let (second, milliseconds) = time.millisecondsSinceEpoch.quotientAndRemainder(dividingBy: 1000)
        guard second == timestamp.second, milliseconds >= 0 else {
            var text: [UInt8] = []
            time.append(to: &text)
            text.append(ascii: #"","requestId":"#)
            timestamp = (milliseconds < 0 ? nil : second, text)
            return
        }
        var rest = milliseconds
        for index in [22, 21, 20] {
            timestamp.text[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
    }

    /// What is told is mostly what was told before.
    private mutating func prepareMiddle(of values: Span<Double?>) {
        var included: UInt64 = 0
        for index in figures.indices where values[index]?.isFinite ?? false { included |= 1 << UInt64(index) }
        if included == middle.included, !middle.text.isEmpty { return }
        var text = directive
        for (index, figure) in figures.enumerated() where included >> UInt64(index) & 1 == 1 {
            if text.count > directive.count { text.append(UInt8(ascii: ",")) }
            text += texts[figure.definition]
        }
        middle = (included, text + dimensions)
    }
}
