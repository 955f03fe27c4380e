/// For fish 3 and later.
enum FishCompletion {
    static func script(_ places: [CompletionPlace]) -> String {
        let lines = places.flatMap { place in
            let condition = "-n \("__concertctl_at \(place.path)".shellQuoted)"
            let commands = place.commands.map { name, summary in
                "complete -c concertctl \(condition) -f -a \(name)" + described(summary)
            }
            let options = place.options.flatMap { option in
                option.spellings.map { "complete -c concertctl \(condition) -l \($0.dropFirst(2))" + form(of: option) }
            }
            return commands + options
        }
        let withValue = CompletionPlace.optionsWithValue(places).joined(separator: " ")
        return """
            # Completion of concertctl in fish; keep it as ~/.config/fish/completions/concertctl.fish
            function __concertctl_at
                # The command is made of the words before the cursor that are neither options nor their values.
                set -l place
                set -l isValue 0
                for word in (commandline -opc)[2..]
                    if test $isValue = 1
                        set isValue 0
                    else if contains -- $word \(withValue)
                        set isValue 1
                    else if not string match -q -- '-*' $word
                        set -a place $word
                    end
                end
                test "$place" = "$argv"
            end
            complete -c concertctl -l help -d 'say more'
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
        // fish takes a backslash before a quote, rather than a second string.
        let quoted = text.replacing("\\", with: "\\\\").replacing("'", with: "\\'")
        return text.isEmpty ? "" : " -d '\(quoted)'"
    }
}
