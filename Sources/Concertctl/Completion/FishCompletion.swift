/// The completion script for fish 3 and later.
enum FishCompletion {
    static func script(_ contexts: [CompletionContext]) -> String {
        let lines = contexts.flatMap { context in
            let condition = "-n \("__concertctl_at \(context.path)".shellQuoted)"
            let commands = context.commands.map { name, summary in
                "complete -c concertctl \(condition) -f -a \(name)" + described(summary)
            }
            let options = context.options.flatMap { option in
                option.spellings.map { "complete -c concertctl \(condition) -l \($0.dropFirst(2))" + form(of: option) }
            }
            return commands + options
        }
        let withValue = CompletionContext.optionsWithValue(contexts).joined(separator: " ")
        return """
            # Completion of concertctl in fish; save it as ~/.config/fish/completions/concertctl.fish
            function __concertctl_at
                # The command consists of the words before the cursor that are neither options nor their values.
                set -l context
                set -l isValue 0
                for word in (commandline -opc)[2..]
                    if test $isValue = 1
                        set isValue 0
                    else if contains -- $word \(withValue)
                        set isValue 1
                    else if not string match -q -- '-*' $word
                        set -a context $word
                    end
                end
                test "$context" = "$argv"
            end
            complete -c concertctl -l help -d 'print help'
            \(lines.joined(separator: "\n"))
            """
    }

    private static func form(of option: OptionDescription) -> String {
        if !option.choices.isEmpty {
            return " -x -a \(option.choices.joined(separator: " ").shellQuoted)" + described(option.help)
        }
        return (option.takesValue ? " -r" : "") + described(option.help)
    }

    private static func described(_ text: String) -> String {
        // In fish, a backslash escapes a quote within a quoted string.
        let quoted = text.replacing("\\", with: "\\\\").replacing("'", with: "\\'")
        return text.isEmpty ? "" : " -d '\(quoted)'"
    }
}
