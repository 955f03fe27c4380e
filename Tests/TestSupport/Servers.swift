import Foundation

/// The permission to start servers, which the tests of `make quick` do not have.
///
/// Those tests are fast and require no installed programs. If a test fails here, list its class in
/// `scripts/test-processes.txt`.
package enum Servers {
    /// - Throws: ``Failure`` in the process that must not start servers.
    package static func require(_ name: String) throws {
        guard ProcessInfo.processInfo.environment["TEST_SERVERS"] == "none" else { return }
        throw Failure("make quick starts no \(name); list the class of this test in scripts/test-processes.txt")
    }
}
