/// The completion script for zsh, for a directory of `$fpath` or to source.
enum ZshCompletion {
    static func script(_ contexts: [CompletionContext]) -> String {
        let cases = contexts.map { context in
            """
                    (\(context.path.shellQuoted))
                        commands=(\(context.commands.map { described($0.name, $0.summary) }.joined(separator: " ")))
                        options=(\((context.options.flatMap(options) + [described("--help", "print help")]).joined(separator: " ")))
                        ;;
            """
        }
        let values = contexts.flatMap { context in
            context.options.filter { !$0.choices.isEmpty }.map { option in
                "        (\("\(context.path) \(option.name)".shellQuoted)) "
                    + "compadd -- \(option.choices.joined(separator: " ")); return ;;"
            }
        }
        return """
            #compdef concertctl
            # Completion of concertctl in zsh; save it as _concertctl in a directory of $fpath.
            _concertctl() {
                local context='' word index
                local -a commands options
                # The command consists of the words before the cursor that are neither options nor their values.
                for ((index = 2; index < CURRENT; index++)); do
                    word=$words[index]
                    case $word in
                    (\(CompletionContext.optionsWithValue(contexts).joined(separator: "|"))) ((index++)) ;;
                    (-*) ;;
                    (*) context+=${context:+ }$word ;;
                    esac
                done
                case "$context $words[CURRENT-1]" in
            \(values.joined(separator: "\n"))
                esac
                case $words[CURRENT-1] in
                (\(CompletionContext.optionsWithValue(contexts).joined(separator: "|"))) _files; return ;;
                esac
                case $context in
            \(cases.joined(separator: "\n"))
                esac
                if [[ $words[CURRENT] == -* ]]; then
                    _describe -o option options
                elif (($#commands)); then
                    _describe command commands
                else
                    _files
                fi
            }
            if [[ $funcstack[1] == _concertctl ]]; then
                _concertctl "$@"
            else
                compdef _concertctl concertctl
            fi
            """
    }

    private static func options(_ option: OptionDescription) -> [String] {
        option.spellings.map { described($0, option.help) }
    }

    private static func described(_ word: String, _ text: String) -> String {
        (text.isEmpty ? word : "\(word.replacing(":", with: "\\:")):\(text)").shellQuoted
    }
}
