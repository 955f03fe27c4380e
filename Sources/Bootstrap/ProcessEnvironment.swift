@unsafe @preconcurrency import Glibc

/// The variables that the process was started with.
///
/// Read here rather than through Foundation, which alone would add 5 MB to the binary. Only the executables
/// call this; libraries are handed what they need.
func processEnvironment() -> [String: String] {
    var variables: [String: String] = [:]
    guard var next = unsafe environ as UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? else { return variables }
    while let line = unsafe next.pointee {
        let parts = unsafe String(cString: line).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        if parts.count == 2 { variables[String(parts[0])] = String(parts[1]) }
        unsafe next += 1
    }
    return variables
}
