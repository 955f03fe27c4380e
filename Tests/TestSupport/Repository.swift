import Foundation

/// The checkout that contains this file.
package enum Repository {
    package static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Returns the path of a file in `Tests/Support`.
    static func support(_ name: String) -> String { root.appending(path: "Tests/Support/\(name)").path }
}
