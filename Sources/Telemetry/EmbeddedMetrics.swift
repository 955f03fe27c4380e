import Basics
import JSON

/// A writer of log lines in the CloudWatch embedded metric format, from which CloudWatch extracts metrics without an
/// API call.
///
/// The lines of one instance differ only in their values, so the constant parts are built once.
///
/// Source:
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>
package struct EmbeddedMetrics: Sendable {
    /// A unit, as CloudWatch spells it.
    package enum Unit: String, Sendable {
        case count = "Count"
        case bytes = "Bytes"
        case milliseconds = "Milliseconds"
        case seconds = "Seconds"
        case none = "None"
    }

    /// The ranges of a metric's parts in ``texts``.
    private struct Figure: Sendable {
        /// The key with the preceding comma: `,"Records":`.
        var key: Range<Int>
        /// The definition: `{"Name":"Records","Unit":"Count"}`.
        var definition: Range<Int>
    }

    /// The text between the time and the metric definitions.
    private let directive: [UInt8]
    /// The text between the metric definitions and the line's timestamp.
    private let dimensions: [UInt8]
    private let figures: [Figure]
    private let texts: [UInt8]
    /// The text between the time and the timestamp in the last line, and a bit for each metric that the line included.
    private var middle: (included: UInt64, text: [UInt8]) = (0, [])
    /// The timestamp of the last line and the text up to the request ID; the second is nil before the first line.
    private var timestamp: (second: Int64?, text: [UInt8]) = (nil, [])

    /// - Parameters:
    ///   - dimensions: Names and values; CloudWatch rejects empty ones.
    ///   - figures: Names and units of the metrics, in order; at most 64.
    ///   - level: The configured log level, which each line includes: Lambda drops JSON lines below that level, and
    ///     treats a line without a level and a timestamp as INFO.
    ///     Source: <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html>
    package init(
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

    /// Appends one line and its newline.
    ///
    /// - Parameters:
    ///   - requestID: A member for searches; it is not a dimension.
    ///   - values: One value for each metric. A missing or non-finite value is omitted, because CloudWatch would reject
    ///     the line.
    package mutating func append(to line: inout [UInt8], at time: WallClock, requestID: String, _ values: Span<Double?>)
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

    /// Consecutive invocations are usually in the same second.
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

    /// Consecutive lines usually include the same metrics.
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
