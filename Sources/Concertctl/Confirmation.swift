/// Prompts before an irreversible change, unless `--yes` is given or this is a dry run.
struct Confirmation: Sendable {
    private let isGiven: Bool

    init(_ input: Input) throws(UsageError) { isGiven = try input[SharedOption.yes] || input.isDryRun }

    /// Checks that a prompt is possible, before any call that only prepares the prompt.
    ///
    /// - Throws: ``CommandError`` if a prompt is required but impossible.
    func checkTerminal() throws(CommandError) {
        guard isGiven || Console.canAsk else {
            throw CommandError(description: "cannot prompt without a terminal; pass --yes")
        }
    }

    /// Prompts for confirmation.
    ///
    /// - Throws: ``CommandError`` if the user declines or a prompt is impossible.
    func ask(_ question: TerminalText) throws(CommandError) {
        try checkTerminal()
        guard isGiven || Console.confirms(question) else { throw CommandError(description: "aborted") }
    }
}
