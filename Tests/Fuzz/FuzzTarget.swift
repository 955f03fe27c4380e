/// What one parser must do with whatever bytes come.
///
/// A target says nothing where all is well, and traps where a rule is broken: libFuzzer then keeps the bytes.
protocol FuzzTarget {
    init()

    mutating func check(_ bytes: [UInt8])
}

/// Traps, naming the rule, where it is broken.
func mustHold(_ holds: Bool, _ rule: @autoclosure () -> String) {
    if !holds { fatalError(rule()) }
}
