import ArgumentParser
import Generation

/// What guesses the next tokens: a flag that several commands have.
struct DraftFlag: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "What guesses tokens, so that several are computed in one pass: text, which looks "
                + "where the last ones came before, a smaller model of the same tokens, or none. It "
                + "changes no token.", valueName: "what"))
    var draft = GenerateOptions().draft
}
