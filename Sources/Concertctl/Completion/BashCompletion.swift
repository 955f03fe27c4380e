/// The completion script for bash 4 and later.
enum BashCompletion {
    static func script(_ contexts: [CompletionContext]) -> String {
        let words = contexts.map { context in
            let words = context.commands.map(\.name) + context.options.flatMap(\.spellings) + ["--help"]
            return "        \(context.path.shellQuoted)) words=\(words.joined(separator: " ").shellQuoted) ;;"
        }
        let values = contexts.flatMap { context in
            context.options.filter { !$0.choices.isEmpty }.map { option in
                "        \("\(context.path) \(option.name)".shellQuoted)) "
                    + "words=\(option.choices.joined(separator: " ").shellQuoted) ;;"
            }
        }
        return """
            # Completion of concertctl in bash; load it with source <(concertctl completion bash)
            _concertctl() {
                local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} context='' words='' index word
                COMPREPLY=()
                # The command consists of the words before the cursor that are neither options nor their values.
                for ((index = 1; index < COMP_CWORD; index++)); do
                    word=${COMP_WORDS[index]}
                    case $word in
                    \(CompletionContext.optionsWithValue(contexts).joined(separator: " | "))) ((index++)) ;;
                    -*) ;;
                    *) context+=${context:+ }$word ;;
                    esac
                done
                case "$context $previous" in
            \(values.joined(separator: "\n"))
                esac
                if [[ -z $words ]]; then
                    # For a value without choices, bash completes file names.
                    case $previous in
                    \(CompletionContext.optionsWithValue(contexts).joined(separator: " | "))) return ;;
                    esac
                    case $context in
            \(words.joined(separator: "\n"))
                    esac
                    # Complete either subcommands or options, never both.
                    [[ $current == -* || $words == -* ]] || words=${words%% -*}
                    [[ $current != '' || $words != -* ]] || return
                fi
                mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
            }
            complete -o default -F _concertctl concertctl
            """
    }
}
