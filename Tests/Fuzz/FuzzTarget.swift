/// The requirements on one parser for arbitrary bytes.
///
/// A target returns normally if all requirements are met, and traps otherwise, so that libFuzzer keeps the bytes.
protocol FuzzTarget {
    init()

    mutating func check(_ bytes: [UInt8])
}

/// Traps with the violated rule unless the condition is true.
func mustHold(_ isTrue: Bool, _ rule: @autoclosure () -> String) {
    if !isTrue { fatalError(rule()) }
}
