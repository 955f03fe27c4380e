import Basics
import Synchronization
import Telemetry

/// A clock that tests set.
final class FakeClock: Sendable {
    private let milliseconds = Mutex<Int64>(1_795_521_600_000)

    var time: WallClock { WallClock(millisecondsSinceEpoch: milliseconds.withLock { $0 }) }

    /// - Returns: The time in the given number of seconds.
    func later(_ seconds: Int64) -> WallClock {
        WallClock(millisecondsSinceEpoch: time.millisecondsSinceEpoch + seconds * 1000)
    }

    func advance(_ seconds: Int64) { milliseconds.withLock { $0 += seconds * 1000 } }
}
