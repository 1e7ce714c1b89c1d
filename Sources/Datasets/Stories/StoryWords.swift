/// The words of the stories.
///
/// In each list no text begins another one: what follows a word would else be needed to know which
/// word it was.
enum StoryWords {
    static let girls = [
        "Mia", "Clara", "Ella", "Nora", "Lucy", "Ruth", "Greta", "Hanna", "Ida", "Julia", "Kate",
        "Lena", "Olga", "Paula", "Rosa", "Sofia", "Tessa", "Vera", "Wanda", "Zoe", "Alice",
        "Bella", "Daisy", "Flora", "Maya", "Jane", "Emma", "Amy", "Ines", "Nina", "Polly", "Sara",
    ]
    static let boys = [
        "Tom", "Ben", "Carl", "David", "Emil", "Felix", "Gus", "Hugo", "Ivan", "Jack", "Kurt",
        "Leo", "Max", "Ned", "Oscar", "Peter", "Robin", "Sam", "Theo", "Umar", "Victor", "Will",
        "Adam", "Finn", "Bruno", "Dan", "Erik", "Luca", "Marco", "Otto", "Ravi", "Simon",
    ]
    /// The characters that people can have.
    package static let characters = [
        "kind", "brave", "curious", "quiet", "cheerful", "clever", "patient", "lively", "honest",
        "shy", "polite", "busy", "dreamy", "careful", "funny", "bold", "gentle", "merry", "tired",
        "lazy", "proud", "poor", "rich", "tall", "small", "strong", "young", "serious", "noisy",
        "hungry", "wise", "stubborn",
    ]
    static let professions = [
        "baker", "miller", "smith", "teacher", "gardener", "fisher", "tailor", "postman",
        "doctor", "shepherd", "carpenter", "cook", "sailor", "painter", "singer", "farmer",
        "hunter", "poet", "weaver", "barber", "juggler", "driver", "student", "pilot",
    ]
    /// The looks that buildings and places can have.
    static let sights = [
        "old", "red", "white", "grey", "black", "green", "blue", "yellow", "brown", "big", "small",
        "tall", "low", "wide", "narrow", "round", "crooked", "ruined", "new", "mossy", "dusty",
        "lonely", "famous", "ugly",
    ]
    static let houses = [
        "house", "cottage", "cabin", "tower", "farm", "mill", "tent", "castle",
    ]
    static let prepositions = [
        "behind", "near", "beside", "by", "at", "past", "above", "below",
    ]
    static let landmarks = [
        "bridge", "barn", "well", "bench", "oak", "wall", "fence", "bush", "shed", "rock", "gate",
        "church", "boat", "cart", "hedge", "statue", "pond", "school", "shop", "inn", "stable",
        "fountain", "station", "theatre", "bakery", "market", "lake", "pier", "library", "museum",
        "garden", "temple",
    ]
    static let weather = [
        "windy", "sunny", "rainy", "cloudy", "foggy", "cold", "warm", "hot", "stormy", "snowy",
        "grey", "bright", "quiet", "mild", "frosty", "damp",
    ]
    static let weekdays = [
        "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
    ]
    /// The activities that fit any thing.
    static let activities = [
        "washing", "painting", "mending", "carrying", "selling", "hiding", "polishing", "drawing",
        "wrapping", "shaking", "drying", "weighing", "pulling", "guarding", "admiring", "burying",
        "measuring", "cleaning", "lifting", "dragging", "holding", "dropping", "throwing",
        "balancing", "moving", "kicking", "buying", "unpacking", "describing", "decorating",
        "testing", "catching",
    ]
    /// The qualities that things can have.
    static let qualities = [
        "red", "blue", "green", "yellow", "white", "black", "brown", "grey", "pink", "purple",
        "orange", "golden", "old", "new", "big", "small", "tiny", "huge", "dirty", "clean", "wet",
        "dusty", "plain", "pretty", "ugly", "strange", "striped", "spotted", "muddy", "dark",
        "bright", "sticky",
    ]
    static let things = [
        "ball", "kite", "key", "whistle", "cup", "book", "ring", "drum", "flute", "lantern",
        "ribbon", "button", "spoon", "marble", "doll", "bell", "basket", "blanket", "umbrella",
        "comb", "mirror", "pencil", "box", "bottle", "candle", "feather", "purse", "jug", "clock",
        "chair", "pot", "hat", "scarf", "boot", "rope", "ladder", "hammer", "bucket", "broom",
        "brush", "carpet", "pillow", "towel", "coat", "map", "letter", "stamp", "coin", "medal",
        "shell", "stone", "stick", "plate", "bowl", "fork", "kettle", "pan", "trumpet", "violin",
        "wheel", "vase", "flag", "net", "mask",
    ]
    /// The looks that animals and people of dreams can have.
    package static let looks = [
        "little", "fat", "thin", "lazy", "proud", "sleepy", "friendly", "shaggy", "timid", "noisy",
        "clumsy", "gentle", "merry", "stubborn", "tired", "lame", "old", "young", "brave", "brown",
        "white", "black", "wet", "angry", "curious", "happy", "cheeky", "wild", "quick", "slow",
        "silent", "grumpy",
    ]
    static let animals = [
        "dog", "cat", "hen", "goat", "duck", "fox", "hedgehog", "rabbit", "owl", "mouse", "frog",
        "pony", "lamb", "goose", "crow", "squirrel", "swan", "piglet", "kitten", "beaver",
        "turtle", "donkey", "badger", "seagull", "cow", "parrot", "monkey", "snail", "bear", "bat",
        "hare", "lizard",
    ]
    package static let numbers = (2...9).map(String.init)
}
