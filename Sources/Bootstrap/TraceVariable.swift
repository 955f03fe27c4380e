import Glibc

/// The environment variable `_X_AMZN_TRACE_ID`, from which libraries read the current trace.
///
/// The variable's memory is allocated once and overwritten for each invocation, because `setenv` would leak every earlier
/// value. It has 1 KiB. X-Ray accepts trace headers of at most 256 bytes; longer ones are not set.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html>
@safe final class TraceVariable {
    private static let name = "_X_AMZN_TRACE_ID"
    private static let capacity = 1024
    /// `NAME=value` with the terminating NUL; never freed, because the environment points to it until the process ends.
    private let memory: UnsafeMutablePointer<CChar>
    /// The length of `NAME=`.
    private let start: Int
    /// Whether the environment points to ``memory``.
    private var isSet = false

    init() {
        unsafe memory = .allocate(capacity: Self.capacity)
        let prefix = Array("\(Self.name)=".utf8)
        start = prefix.count
        // In bounds: the name is far shorter than the memory.
        for (index, character) in prefix.enumerated() { unsafe memory[index] = CChar(bitPattern: character) }
    }

    /// Sets the variable, or removes it if the invocation has no trace.
    func set(_ traceID: String?) {
        guard var traceID, start + traceID.utf8.count < Self.capacity else {
            unsafe unsetenv(Self.name)
            isSet = false
            return
        }
        traceID.withUTF8 { text in
            // In bounds: the guard checks that the text and the NUL fit.
            unsafe UnsafeMutableRawBufferPointer(start: memory + start, count: text.count)
                .copyMemory(from: UnsafeRawBufferPointer(text))
            unsafe memory[start + text.count] = 0
        }
        guard !isSet else { return }
        _ = unsafe putenv(memory)
        isSet = true
    }
}
