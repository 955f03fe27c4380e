import Foundation

/// The CPU time of this process in user and kernel mode, on all of its threads.
///
/// It does not depend on the load of the machine, as wall-clock time does.
package enum CPUTime {
    /// Returns the seconds used so far.
    package static func now() -> Double {
        var time = timespec()
        _ = unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// Returns the CPU seconds of one call of `work`: the minimum of several measurements, because other threads of the
    /// process can only add to them.
    package static func ofCall(_ work: () throws -> Void) rethrows -> Double {
        var least = Double.infinity
        for _ in 0..<measurements {
            var (calls, used) = (0.0, 0.0)
            let start = now()
            repeat {
                try work()
                (calls, used) = (calls + 1, now() - start)
            } while used < leastMeasured
            least = min(least, used / calls)
            if used >= longMeasured { break }
        }
        return least
    }

    /// Measures asynchronous work as ``ofCall(_:)`` does.
    package static func ofCall(
        isolation: isolated (any Actor)? = #isolation, _ work: () async throws -> Void
    ) async rethrows -> Double {
        var least = Double.infinity
        for _ in 0..<measurements {
            var (calls, used) = (0.0, 0.0)
            let start = now()
            repeat {
                try await work()
                (calls, used) = (calls + 1, now() - start)
            } while used < leastMeasured
            least = min(least, used / calls)
            if used >= longMeasured { break }
        }
        return least
    }

    private static let measurements = 3
    /// Shorter measurements are repeated and divided.
    private static let leastMeasured = 0.002
    /// Longer measurements are exact enough the first time.
    private static let longMeasured = 0.05
}

/// The CPU time of the same work on inputs of growing length.
package struct CPUTimeGrowth: CustomStringConvertible {
    package private(set) var costs: [(length: Int, seconds: Double)] = []

    /// Three lengths, each ten times the previous one.
    package static let lengths = [1000, 10_000, 100_000]

    /// The cost of calls that ignore their input; ratios of smaller times are meaningless.
    private static let overhead = 0.000_02

    /// Measures `work` on the result of `make` for each of `lengths`.
    package init<Input>(
        lengths: [Int] = Self.lengths, make: (Int) throws -> Input, work: (Input) throws -> Void
    ) rethrows {
        for length in lengths {
            let input = try make(length)
            costs.append((length, try CPUTime.ofCall { try work(input) }))
        }
    }

    /// Measures asynchronous work as ``init(lengths:make:work:)`` does.
    package init<Input>(
        lengths: [Int] = Self.lengths, isolation: isolated (any Actor)? = #isolation,
        make: (Int) throws -> Input, work: (Input) async throws -> Void
    ) async rethrows {
        for length in lengths {
            let input = try make(length)
            costs.append((length, try await CPUTime.ofCall { try await work(input) }))
        }
    }

    /// Returns whether the time per unit of length never grows by more than `factor` from one length to the next.
    ///
    /// Between lengths with a ratio of ten, linear work grows by a factor of 10 and quadratic work by a factor of 100.
    package func isProportional(factor: Double = 4) -> Bool {
        zip(costs, costs.dropFirst()).allSatisfy { shorter, longer in
            let expected = max(shorter.seconds, Self.overhead) * Double(longer.length) / Double(shorter.length)
            return longer.seconds <= expected * factor
        }
    }

    package var description: String {
        costs.map { "\($0.length): \(($0.seconds * 1e6).rounded() / 1000) ms" }.joined(separator: ", ")
    }
}
