import JSON

/// One line in CloudWatch's embedded metric format: a log line that CloudWatch turns into metrics, at no extra call.
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
        var name: String
        var unit: Unit
        var value: Double
    }

    private let namespace: String
    private let dimensions: [(name: String, value: String)]
    private var figures: [Figure] = []

    /// - Parameter dimensions: Names and values, none of them empty, which CloudWatch would refuse.
    public init(namespace: String, dimensions: KeyValuePairs<String, String>) {
        self.namespace = namespace
        self.dimensions = dimensions.map { (name: $0.key, value: $0.value) }
    }

    /// Adds a figure; one without a finite value is left out, since CloudWatch would refuse the line.
    public mutating func add(_ name: String, _ unit: Unit, _ value: Double?) {
        if let value, value.isFinite { figures.append(Figure(name: name, unit: unit, value: value)) }
    }

    /// The line, newline included.
    ///
    /// - Parameter requestID: Stands beside the figures, for searching; it is no dimension.
    public func line(at time: WallClock, requestID: String) -> [UInt8] {
        var writer = JSONWriter()
        writer.openObject()
        writer.key("_aws")
        writeMetadata(to: &writer, at: time)
        for dimension in dimensions {
            writer.key(dimension.name)
            writer.string(dimension.value)
        }
        writer.key("requestId")
        writer.string(requestID)
        for figure in figures {
            writer.key(figure.name)
            writer.number(figure.value)
        }
        writer.closeObject()
        return writer.bytes + [UInt8(ascii: "\n")]
    }

    private func writeMetadata(to writer: inout JSONWriter, at time: WallClock) {
        writer.openObject()
        writer.key("Timestamp")
        writer.integer(time.millisecondsSinceEpoch)
        writer.key("CloudWatchMetrics")
        writer.openArray()
        writer.openObject()
        writer.key("Namespace")
        writer.string(namespace)
        writer.key("Dimensions")
        writer.openArray()
        writer.openArray()
        for dimension in dimensions { writer.string(dimension.name) }
        writer.closeArray()
        writer.closeArray()
        writer.key("Metrics")
        writer.openArray()
        for figure in figures {
            writer.openObject()
            writer.key("Name")
            writer.string(figure.name)
            writer.key("Unit")
            writer.string(figure.unit.rawValue)
            writer.closeObject()
        }
        writer.closeArray()
        writer.closeObject()
        writer.closeArray()
        writer.closeObject()
    }
}
