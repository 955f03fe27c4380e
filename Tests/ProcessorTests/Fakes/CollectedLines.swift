import Foundation
import Synchronization
import Telemetry

/// Remembers every line.
final class CollectedLines: LineSink {
    private let lines = Mutex<[String]>([])

    func write(_ line: [UInt8]) { lines.withLock { $0.append(String(decoding: line, as: UTF8.self)) } }

    var all: [String] { lines.withLock { $0 } }

    /// What was written, parsed; a line that is no JSON object is left out.
    var objects: [[String: Any]] {
        all.compactMap { (try? JSONSerialization.jsonObject(with: Data($0.utf8))) as? [String: Any] }
    }

    func removeAll() { lines.withLock { $0 = [] } }
}
