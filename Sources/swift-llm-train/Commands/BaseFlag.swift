import ArgumentParser

/// The flag of commands that take an adapter in the place of a model.
struct BaseFlag: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The model for which an adapter was made, where it has moved.", valueName: "dir"))
    var base: String?
}
