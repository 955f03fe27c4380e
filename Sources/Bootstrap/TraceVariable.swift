import Glibc

/// The environment variable `_X_AMZN_TRACE_ID`, by which libraries learn which trace they work for.
///
/// The variable's memory is ours and is written anew for each invocation: `setenv` would keep every value that there ever
/// was. It is 1 KiB, the longest trace header that X-Ray takes is 256 bytes, and a longer one is left out.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html>
@safe final class TraceVariable {
    private static let name = "_X_AMZN_TRACE_ID"
    private static let capacity = 1024
    /// `NAME=value` and its final NUL; never freed, since the environment points to it until the process ends.
    private let memory: UnsafeMutablePointer<CChar>
    /// How many characters `NAME=` has.
    private let start: Int
    /// Whether the environment points to ``memory``.
    private var isSet = false

    init() {
        unsafe memory = .allocate(capacity: Self.capacity)
        let prefix = Array("\(Self.name)=".utf8)
        start = prefix.count
        // Bounds: the name has far fewer characters than there is memory.
        for (index, character) in prefix.enumerated() { unsafe memory[index] = CChar(bitPattern: character) }
    }

    /// Sets the variable, or removes it when the invocation has no trace.
    func set(_ traceID: String?) {
        guard var traceID, start + traceID.utf8.count < Self.capacity else {
            unsafe unsetenv(Self.name)
            isSet = false
            return
        }
        traceID.withUTF8 { text in
            // Bounds: all of it, and the NUL behind it, fits by the guard.
            unsafe UnsafeMutableRawBufferPointer(start: memory + start, count: text.count)
                .copyMemory(from: UnsafeRawBufferPointer(text))
            unsafe memory[start + text.count] = 0
        }
        guard !isSet else { return }
        _ = unsafe putenv(memory)
        isSet = true
    }
}
