import Basics
import JSON

/// A logger that writes one line for each event, as JSON or text, to CloudWatch Logs.
///
/// The message is a constant phrase; variable data is in fields. Callers must not log credentials in a field at any
/// level, or a whole record above DEBUG.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html>
package struct Logger: Sendable {
    /// The level of a line, with Lambda's names.
    package enum Level: Int, Sendable, Comparable, CaseIterable {
        case trace, debug, info, warn, error, fatal

        package var name: String {
            switch self {
            case .trace: "TRACE"
            case .debug: "DEBUG"
            case .info: "INFO"
            case .warn: "WARN"
            case .error: "ERROR"
            case .fatal: "FATAL"
            }
        }

        package static func < (lhs: Self, rhs: Self) -> Bool { lhs.rawValue < rhs.rawValue }
    }

    /// The format of a line.
    package enum Format: String, Sendable {
        /// A JSON object with `timestamp`, `level`, `message`, `requestId` and the fields.
        case json
        /// Level, request ID and message, followed by `key=value` pairs.
        case text
    }

    /// The value of a field.
    package enum Value: Sendable {
        case string(String)
        case integer(Int)
        /// One serialized JSON value.
        case json([UInt8])
    }

    /// The minimum level of lines that are written.
    package var level: Level
    package var format: Format
    private let sink: any LineSink

    package init(level: Level = .info, format: Format = .json, sink: any LineSink) {
        self.level = level
        self.format = format
        self.sink = sink
    }

    package func isEnabled(_ level: Level) -> Bool { level >= self.level }

    /// Writes a line if `level` is enabled.
    ///
    /// - Parameter fields: The fields, in order; those without a value are omitted.
    package func log(
        _ level: Level, _ message: String, requestID: String? = nil, _ fields: KeyValuePairs<String, Value?> = [:]
    ) {
        log(level, message, requestID: requestID, Array(fields))
    }

    /// Writes a line as ``log(_:_:requestID:_:)-(_,_,_,KeyValuePairs<String,Value?>)`` does, with fields built at run
    /// time.
    package func log(
        _ level: Level, _ message: String, requestID: String?, _ fields: [(key: String, value: Value?)]
    ) {
        guard isEnabled(level) else { return }
        switch format {
        case .json: sink.write(jsonLine(level, message, requestID: requestID, fields))
        case .text: sink.write(textLine(level, message, requestID: requestID, fields))
        }
    }

    private func jsonLine(
        _ level: Level, _ message: String, requestID: String?, _ fields: [(key: String, value: Value?)]
    ) -> [UInt8] {
        var line: [UInt8] = []
        // Large enough for most lines.
        line.reserveCapacity(384)
        line.append(ascii: #"{"timestamp":""#)
        WallClock.now().append(to: &line)
        line.append(ascii: #"","level":""#)
        line.append(utf8: level.name)
        line.append(ascii: #"","message":"#)
        var writer = JSONWriter(appendingTo: line)
        line = []
        writer.string(message)
        if let requestID {
            writer.verbatim(#","requestId":"#)
            writer.string(requestID)
        }
        for (key, value) in fields {
            guard let value else { continue }
            writer.key(key)
            switch value {
            case .string(let text): writer.string(text)
            case .integer(let number): writer.integer(number)
            case .json(let bytes): writer.raw(bytes.span)
            }
        }
        writer.verbatim("}\n")
        return writer.bytes
    }

    private func textLine(
        _ level: Level, _ message: String, requestID: String?, _ fields: [(key: String, value: Value?)]
    ) -> [UInt8] {
        var line = level.name
        if let requestID { line += " " + requestID }
        line += " " + Self.onOneLine(message)
        for (key, value) in fields {
            guard let value else { continue }
            line += " \(key)="
            switch value {
            case .string(let text): line += Self.quotedWhereNeeded(text)
            case .integer(let number): line += String(number)
            case .json(let bytes): line += String(decoding: bytes, as: UTF8.self)
            }
        }
        return Array(line.utf8) + [UInt8(ascii: "\n")]
    }

    /// Returns the message without characters that would break the line or control a terminal.
    private static func onOneLine(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? " " : $0 }))
    }

    private static func quotedWhereNeeded(_ text: String) -> String {
        let isPlain = text.unicodeScalars.allSatisfy {
            $0.value > 0x20 && !(0x7F..<0xA0 ~= $0.value) && $0 != "\"" && $0 != "="
        }
        if isPlain, !text.isEmpty { return text }
        var writer = JSONWriter()
        writer.string(text)
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}
