//! Where things are: nobody else reads the working directory.
