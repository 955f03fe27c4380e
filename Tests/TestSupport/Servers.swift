import Foundation

/// The permission to start servers, which the tests of `make quick` do not have.
///
/// They need nothing that must be installed, and are fast. The class of a test that fails here belongs into
/// `scripts/test-processes.txt`.
public enum Servers {
    /// - Throws: In the process that starts no server.
    public static func require(_ name: String) throws {
        guard ProcessInfo.processInfo.environment["TEST_SERVERS"] == "none" else { return }
        throw Failure("make quick starts no \(name); list the class of this test in scripts/test-processes.txt")
    }
}
