/// For zsh, as a function of `$fpath` or sourced.
enum ZshCompletion {
    static func script(_ places: [CompletionPlace]) -> String {
        let cases = places.map { place in
            """
                    (\(place.path.shellQuoted))
                        commands=(\(place.commands.map { described($0.name, $0.summary) }.joined(separator: " ")))
                        options=(\((place.options.flatMap(options) + [described("--help", "say more")]).joined(separator: " ")))
                        ;;
            """
        }
        let values = places.flatMap { place in
            place.options.filter { !$0.choices.isEmpty }.map { option in
                "        (\("\(place.path) \(option.name)".shellQuoted)) "
                    + "compadd -- \(option.choices.joined(separator: " ")); return ;;"
            }
        }
        return """
            #compdef concertctl
            # Completion of concertctl in zsh; keep it as _concertctl in a folder of $fpath.
            _concertctl() {
                local place='' word index
                local -a commands options
                # The command is made of the words before the cursor that are neither options nor their values.
                for ((index = 2; index < CURRENT; index++)); do
                    word=$words[index]
                    case $word in
                    (\(CompletionPlace.optionsWithValue(places).joined(separator: "|"))) ((index++)) ;;
                    (-*) ;;
                    (*) place+=${place:+ }$word ;;
                    esac
                done
                case "$place $words[CURRENT-1]" in
            \(values.joined(separator: "\n"))
                esac
                case $words[CURRENT-1] in
                (\(CompletionPlace.optionsWithValue(places).joined(separator: "|"))) _files; return ;;
                esac
                case $place in
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
