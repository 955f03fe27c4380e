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
        case none = "None"
    }

    private struct Figure: Sendable {
        /// Its definition, `{"Name":"Records","Unit":"Count"}`.
        var definition: [UInt8]
        /// Its key behind other members, `,"Records":`.
        var key: [UInt8]

        init(_ name: String, _ unit: Unit) {
            key = [UInt8(ascii: ",")]
            EmbeddedMetrics.append(json: name, to: &key)
            definition = Array(#"{"Name":"#.utf8)
            definition += key[1...]
            definition.append(utf8: #","Unit":""#)
            definition.append(utf8: unit.rawValue)
            definition.append(utf8: #""}"#)
            key.append(UInt8(ascii: ":"))
        }
    }

    /// Everything between the time and the metrics' definitions.
    private let directive: [UInt8]
    /// Everything between the definitions and the request's ID.
    private let dimensions: [UInt8]
    private let figures: [Figure]
    /// The definitions of the figures that the last line told, and which these were, a bit each.
    private var definitions: (told: UInt64, text: [UInt8]) = (0, [])

    /// - Parameters:
    ///   - dimensions: Names and values, none of them empty, which CloudWatch would refuse.
    ///   - figures: Names and units of what each line tells, in order; 64 at most.
    public init(
        namespace: String, dimensions: KeyValuePairs<String, String>, figures: KeyValuePairs<String, Unit>
    ) {
        var directive = Array(#","CloudWatchMetrics":[{"Namespace":"#.utf8)
        Self.append(json: namespace, to: &directive)
        directive.append(utf8: #","Dimensions":[["#)
        var members = Array("]}]}".utf8)
        for (name, value) in dimensions {
            if directive.last != UInt8(ascii: "[") { directive.append(UInt8(ascii: ",")) }
            Self.append(json: name, to: &directive)
            members.append(UInt8(ascii: ","))
            Self.append(json: name, to: &members)
            members.append(UInt8(ascii: ":"))
            Self.append(json: value, to: &members)
        }
        directive.append(utf8: #"]],"Metrics":["#)
        members.append(utf8: #","requestId":"#)
        (self.directive, self.dimensions) = (directive, members)
        var made: [Figure] = []
        made.reserveCapacity(figures.count)
        for (name, unit) in figures { made.append(Figure(name, unit)) }
        self.figures = made
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
    public mutating func append(to line: inout [UInt8], at time: WallClock, requestID: String, _ values: [Double?]) {
        var writer = JSONWriter(appendingTo: line)
        line = []
        writer.verbatim(Self.start.span)
        writer.digits(UInt64(clamping: time.millisecondsSinceEpoch))
        writer.verbatim(directive.span)
        writer.verbatim(definitions(of: values).span)
        writer.verbatim(dimensions.span)
        writer.string(requestID)
        for (figure, value) in zip(figures, values) {
            guard let value, value.isFinite else { continue }
            writer.verbatim(figure.key.span)
            writer.number(value)
        }
        writer.verbatim(Self.end.span)
        line = writer.bytes
    }

    /// What is told, which is mostly what was told before.
    private mutating func definitions(of values: [Double?]) -> [UInt8] {
        var told: UInt64 = 0
        for (index, value) in values.enumerated() where value?.isFinite ?? false { told |= 1 << UInt64(index) }
        if told != definitions.told {
            definitions = (told, [])
            for (index, figure) in figures.enumerated() where told >> UInt64(index) & 1 == 1 {
                if !definitions.text.isEmpty { definitions.text.append(UInt8(ascii: ",")) }
                definitions.text += figure.definition
            }
        }
        return definitions.text
    }

    private static let start = Array(#"{"_aws":{"Timestamp":"#.utf8)
    private static let end = Array("}\n".utf8)
}
