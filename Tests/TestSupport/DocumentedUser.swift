import Foundation

/// The Redis user that `docs/configuration.md` describes, with exactly the documented permissions.
package enum DocumentedUser {
    package static let name = "concerts"
    package static let password = "PASSWORD"

    /// The rules of the page's `ACL SETUSER` commands, in order; keys begin with `concert:`.
    package static func rules() throws -> [String] {
        let page = try String(contentsOf: Repository.root.appending(path: "docs/configuration.md"), encoding: .utf8)
        let start = "ACL SETUSER \(name) "
        let lines = page.split(separator: "\n").filter { $0.hasPrefix(start) }
        guard lines.count == 3 else { throw Failure("docs/configuration.md has \(lines.count) lines \(start)...") }
        return lines.flatMap { $0.dropFirst(start.count).split(separator: " ").map(String.init) }
    }

    /// The line of a server configuration that creates this user.
    package static func configuration() throws -> String { "user \(name) " + (try rules().joined(separator: " ")) }
}
