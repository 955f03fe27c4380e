import Foundation

/// The checkout that this file belongs to.
public enum Repository {
    public static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// A file of `Tests/Support`.
    static func support(_ name: String) -> String { root.appending(path: "Tests/Support/\(name)").path }
}
