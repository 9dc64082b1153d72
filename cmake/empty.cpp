// Lets a room without sources yet be a library.
