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

    init() { unsafe memory = .allocate(capacity: Self.capacity) }

    /// Sets the variable, or removes it when the invocation has no trace.
    func set(_ traceID: String?) {
        let text = traceID.map { Array("\(Self.name)=\($0)".utf8CString) }
        guard let text, text.count <= Self.capacity else {
            unsafe unsetenv(Self.name)
            return
        }
        // Bounds: `text` fits by the guard, NUL included.
        for (index, character) in text.enumerated() { unsafe memory[index] = character }
        _ = unsafe putenv(memory)
    }
}
