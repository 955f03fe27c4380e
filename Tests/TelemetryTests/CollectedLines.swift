import Foundation
import Synchronization
import Telemetry

/// A sink that keeps every line.
final class CollectedLines: LineSink {
    private let lines = Mutex<[[UInt8]]>([])

    func write(_ line: [UInt8]) { lines.withLock { $0.append(line) } }

    /// The lines, each with its newline.
    var all: [String] { lines.withLock { $0.map { String(decoding: $0, as: UTF8.self) } } }
}

extension String {
    /// Returns the JSON object of this text, parsed by Foundation.
    var object: NSDictionary? { (try? JSONSerialization.jsonObject(with: Data(utf8))) as? NSDictionary }

    /// Whether this is exactly one line: it ends with its only newline and contains no control character.
    var isOneLine: Bool {
        utf8.last == UInt8(ascii: "\n") && utf8.dropLast().allSatisfy { $0 >= 0x20 && $0 != 0x7F }
    }
}
