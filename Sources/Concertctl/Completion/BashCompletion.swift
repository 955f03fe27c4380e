/// For bash 4 and later.
enum BashCompletion {
    static func script(_ places: [CompletionPlace]) -> String {
        let words = places.map { place in
            let words = place.commands.map(\.name) + place.options.flatMap(\.spellings) + ["--help"]
            return "        \(place.path.shellQuoted)) words=\(words.joined(separator: " ").shellQuoted) ;;"
        }
        let values = places.flatMap { place in
            place.options.filter { !$0.choices.isEmpty }.map { option in
                "        \("\(place.path) \(option.name)".shellQuoted)) "
                    + "words=\(option.choices.joined(separator: " ").shellQuoted) ;;"
            }
        }
        return """
            # Completion of concertctl in bash; load it with: source <(concertctl completion bash)
            _concertctl() {
                local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} place='' words='' index word
                COMPREPLY=()
                # The command is made of the words before the cursor that are neither options nor their values.
                for ((index = 1; index < COMP_CWORD; index++)); do
                    word=${COMP_WORDS[index]}
                    case $word in
                    \(CompletionPlace.optionsWithValue(places).joined(separator: " | "))) ((index++)) ;;
                    -*) ;;
                    *) place+=${place:+ }$word ;;
                    esac
                done
                case "$place $previous" in
            \(values.joined(separator: "\n"))
                esac
                if [[ -z $words ]]; then
                    # A value that may be anything is left to bash: file names.
                    case $previous in
                    \(CompletionPlace.optionsWithValue(places).joined(separator: " | "))) return ;;
                    esac
                    case $place in
            \(words.joined(separator: "\n"))
                    esac
                    # Words of the command itself end where options begin, and the other way round.
                    [[ $current == -* || $words == -* ]] || words=${words%% -*}
                    [[ $current != '' || $words != -* ]] || return
                fi
                mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
            }
            complete -o default -F _concertctl concertctl
            """
    }
}
