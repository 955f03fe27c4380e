/// The version of the program, as in CHANGELOG.md.
public enum Version {
    public static let current = "0.2.0"
}
