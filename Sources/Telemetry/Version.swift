/// The version of everything in this repository, as CHANGELOG.md has it.
public enum Version {
    public static let current = "0.2.0"
}
