import Foundation
import Synchronization
import Telemetry

/// A sink that stores every line.
final class CollectedLines: LineSink {
    private let lines = Mutex<[String]>([])

    func write(_ lines: [UInt8]) {
        let texts = String(decoding: lines, as: UTF8.self).split(separator: "\n").map { String($0) + "\n" }
        self.lines.withLock { $0 += texts }
    }

    var all: [String] { lines.withLock { $0 } }

    /// The lines, parsed as JSON objects; other lines are skipped.
    var objects: [[String: Any]] {
        all.compactMap { (try? JSONSerialization.jsonObject(with: Data($0.utf8))) as? [String: Any] }
    }

    func removeAll() { lines.withLock { $0 = [] } }
}
