import Foundation
import Synchronization
import Telemetry

/// Remembers every line.
final class CollectedLines: LineSink {
    private let lines = Mutex<[[UInt8]]>([])

    func write(_ line: [UInt8]) { lines.withLock { $0.append(line) } }

    /// What was written, each with its newline.
    var all: [String] { lines.withLock { $0.map { String(decoding: $0, as: UTF8.self) } } }
}

extension String {
    /// The JSON object that this text is, by Foundation.
    var object: NSDictionary? { (try? JSONSerialization.jsonObject(with: Data(utf8))) as? NSDictionary }

    /// Whether this is one line: a newline at its end and nowhere else, and no control character in it.
    var isOneLine: Bool {
        utf8.last == UInt8(ascii: "\n") && utf8.dropLast().allSatisfy { $0 >= 0x20 && $0 != 0x7F }
    }
}
