/// The version of the program, as in CHANGELOG.md.
package enum Version {
    package static let current = "0.2.0"
}
